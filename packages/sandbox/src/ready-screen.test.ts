import { describe, expect, it } from "vitest";
import { readyScreen, type ShownNode } from "./ready-screen.ts";

function nodes(count: number): ShownNode[] {
  return Array.from({ length: count }, (_, index) => ({
    nodeId: `node${index + 1}`,
    role: index === 0 ? "master" : "slave",
    url: `http://127.0.0.1:${8083 + index}`,
    database: { host: "127.0.0.1", port: 20_001 + index },
  }));
}

function commandsOf(count: number): string[] {
  const screen = readyScreen(
    { directory: "/w/.understudy", flavour: "mariadb", nodes: nodes(count), etcd: [] },
    "/w",
  );
  return screen.match(/http:\S+\/(createdb|createtable|insert|select)/g) ?? [];
}

describe("the screen of a ready sandbox", () => {
  it("shows who is where and how to log in without the password", () => {
    const screen = readyScreen(
      { directory: "/w/.understudy", flavour: "mysql", nodes: nodes(2), etcd: [] },
      "/w",
    );
    expect(screen.split("\n").slice(0, 3)).toEqual([
      "  node    role     HTTP API                database server",
      "  node1   master   http://127.0.0.1:8083   127.0.0.1:20001",
      "  node2   slave    http://127.0.0.1:8084   127.0.0.1:20002",
    ]);
    expect(screen).toContain(
      `MYSQL_PWD="$(cat .understudy/node1/database/password)" mysql -h 127.0.0.1 -P 20001 -u root`,
    );
  });

  it("names a folder elsewhere by its whole path, quoted for the shell", () => {
    const screen = readyScreen(
      { directory: "/my data/it's", flavour: "mariadb", nodes: nodes(1), etcd: [] },
      "/w",
    );
    expect(screen).toContain(`"$(cat '/my data/it'\\''s/node1/database/password')" mariadb`);
  });

  it("creates on the master, inserts on one slave and reads on the other", () => {
    expect(commandsOf(3)).toEqual([
      "http://127.0.0.1:8083/createdb",
      "http://127.0.0.1:8084/createtable",
      "http://127.0.0.1:8084/insert",
      "http://127.0.0.1:8085/select",
    ]);
  });

  it("makes do with one slave, or none", () => {
    expect(commandsOf(2).map((command) => command.slice(17, 21))).toEqual(["8083", "8084", "8084", "8084"]);
    expect(commandsOf(1).map((command) => command.slice(17, 21))).toEqual(["8083", "8083", "8083", "8083"]);
  });

  it("tells whether a slave takes over, and sends the first commands to whom leads", () => {
    const base = { directory: "/w/.understudy", flavour: "mariadb" } as const;
    const [first, second] = nodes(2);
    const moved = [
      { ...first, role: "slave" },
      { ...second, role: "master" },
    ] as ShownNode[];
    const etcd = [{ name: "etcd1", url: "http://127.0.0.1:20100" }];
    const screen = readyScreen({ ...base, nodes: moved, etcd }, "/w");
    expect(screen).toContain(
      "When the master is gone, a slave takes over: they agree by etcd1 (http://127.0.0.1:20100).",
    );
    expect(screen).toContain("http://127.0.0.1:8084/createdb");
    expect(screen).toContain("http://127.0.0.1:8083/insert");
    expect(readyScreen({ ...base, nodes: nodes(2), etcd: [] }, "/w")).toContain(
      "Without etcd, no slave takes over by itself",
    );
  });
});
