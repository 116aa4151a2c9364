import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { readConfig } from "../config/node-config.ts";
import { switchLogLevel } from "./log-level-switch.ts";
import { openLogger } from "./open-logger.ts";

const CONFIG = readConfig(
  {
    UNDERSTUDY_DATABASE_URL: "mysql://root:first%21secret@127.0.0.1:3306",
    UNDERSTUDY_ETCD: "http://127.0.0.1:2379",
    UNDERSTUDY_ETCD_USER: "node",
    UNDERSTUDY_ETCD_PASSWORD: 'second"secret',
    UNDERSTUDY_CLUSTER_ID: "shop",
  },
  "master",
);

function openTestLogger() {
  const lines: string[] = [];
  return { lines, logger: openLogger(CONFIG, "node1", { write: (line) => void lines.push(line) }) };
}

it("cuts the configuration's secrets out of every line, wherever they got in", () => {
  const { lines, logger } = openTestLogger();
  const err = new Error("can't log in with first!secret", { cause: new Error(CONFIG.databaseUrl.reveal()) });
  logger.error({ event: "crashed", err, nested: { text: ['second"secret'] } }, "first%21secret");
  logger.info({ event: "started", config: CONFIG }, "with its configuration");
  const text = lines.join("");
  expect(text).not.toMatch(/first(%21|!)secret|second\\?"secret/);
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["crashed", "started"]);
});

it("cuts out what is secret by its name", () => {
  const { lines, logger } = openTestLogger();
  logger.info(
    { event: "x", headers: { authorization: "Bearer abc", accept: "text/plain" }, token: "abc" },
    "y",
  );
  expect(lines[0]).not.toContain("abc");
  expect(lines[0]).toContain("text/plain");
});

it("names the node and its app in each line", () => {
  const { lines, logger } = openTestLogger();
  logger.warn({ event: "x" }, "y");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    node: "node1",
    role: "master",
    level: 40,
    event: "x",
    msg: "y",
  });
});

it("goes to debug and back by SIGUSR2", () => {
  const { lines, logger } = openTestLogger();
  const signals = new EventEmitter();
  switchLogLevel(logger, signals);
  const isDebugTold = (): boolean => {
    lines.length = 0;
    logger.debug({ event: "x" }, "y");
    return lines.length > 0;
  };
  expect(isDebugTold()).toBe(false);
  signals.emit("SIGUSR2");
  expect(isDebugTold()).toBe(true);
  signals.emit("SIGUSR2");
  expect(isDebugTold()).toBe(false);
});
