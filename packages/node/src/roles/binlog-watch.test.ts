import { emptyPosition, type GtidPosition } from "@understudy/binlog";
import { silentLogger } from "@understudy/kernel";
import { expect, it } from "vitest";
import { BinlogWatch } from "./binlog-watch.ts";

const READ = emptyPosition("mariadb").withGtid("0-1-7");
const MORE = emptyPosition("mariadb").withGtid("0-1-9");

interface Server {
  /** Null where it does not answer. */
  executed: GtidPosition | null;
  files: number;
}

function watchOf(failing: { ms: number }): {
  readonly watch: BinlogWatch;
  readonly server: Server;
  readonly told: string[];
  /** One more failure, and what comes of it. */
  readonly fail: () => Promise<void>;
} {
  const server: Server = { executed: MORE, files: 1 };
  const told: string[] = [];
  const watch = new BinlogWatch({
    queue: {
      get failingForMs() {
        return failing.ms;
      },
      position: READ,
      problem: "binlog truncated in the middle of event",
      beginAt: (position) => {
        failing.ms = 0;
        told.push(`reads on behind ${position.toString()}`);
      },
    },
    executedPosition: async () => {
      if (server.executed === null) throw new Error("it does not answer");
      return server.executed;
    },
    beginFile: async () => {
      server.files++;
    },
    onBegunAnew: (sentence) => told.push(sentence),
    logger: silentLogger,
    onUnreadable: () => told.push("unreadable"),
  });
  const fail = async (): Promise<void> => {
    watch.noteProblem();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { watch, server, told, fail };
}

it("says nothing of a reader that has failed for a moment, or of a server that does not answer", async () => {
  const failing = { ms: 2999 };
  const { watch, server, told, fail } = watchOf(failing);
  await fail();
  failing.ms = 60_000;
  server.executed = null;
  await fail();
  expect([watch.unreadable, told, server.files]).toEqual([null, [], 1]);
});

it("says nothing where all that is committed was read", async () => {
  const { watch, server, told, fail } = watchOf({ ms: 60_000 });
  server.executed = READ;
  await fail();
  expect([watch.unreadable, told, server.files]).toEqual([null, [], 1]);
});

it("tells that the lead should be given up, until it can read on", async () => {
  const failing = { ms: 3000 };
  const { watch, told, fail } = watchOf(failing);
  await fail();
  expect(watch.unreadable).toBe(
    "its binlog can't be read behind 0-1-7 (binlog truncated in the middle of event)",
  );
  expect(told).toEqual(["unreadable"]);
  failing.ms = 0;
  expect(watch.unreadable).toBeNull();
});

it("goes on in a new file where it still leads by then", async () => {
  const failing = { ms: 8000 };
  const { watch, server, told, fail } = watchOf(failing);
  await fail();
  expect(server.files).toBe(2);
  expect(told).toEqual([
    "reads on behind 0-1-9",
    expect.stringContaining("slaves that are not there yet take a copy"),
  ]);
  expect(watch.unreadable).toBeNull();
});
