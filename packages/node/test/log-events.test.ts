import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LOG_EVENTS } from "../src/logging/log-events.ts";

const PACKAGES = join(import.meta.dirname, "../..");
/** Those that run inside a node. */
const SOURCES =
  "{applier,binlog,client,database-server,election,health-monitor,kernel,node,quarantine,replication-queue,snapshot,sql-executor,tls}/src/**/*.ts";
const EVENT = /\bevent: "([\w.-]+)"/g;
const LEVEL_AND_EVENT = /logger\s*\.(debug|info|warn|error)\(\s*\{\s*event: "([\w.-]+)"/g;

const texts = globSync(SOURCES, { cwd: PACKAGES })
  .filter((path) => !path.includes(".test.") && !path.endsWith("log-events.ts"))
  .map((path) => readFileSync(join(PACKAGES, path), "utf8"));

it("lists every event that a node logs, and no other", () => {
  // one that is put together could not be found here
  for (const text of texts) expect(text).not.toMatch(/\bevent: `/);
  const logged = new Set(texts.flatMap((text) => [...text.matchAll(EVENT)].map(([, name = ""]) => name)));
  expect(logged).toEqual(new Set(Object.keys(LOG_EVENTS)));
});

it("tells the weight that each has", () => {
  const found = texts.flatMap((text) => [...text.matchAll(LEVEL_AND_EVENT)]);
  expect(found.length).toBeGreaterThan(40);
  for (const [, level, name = ""] of found) expect([name, LOG_EVENTS[name]?.level]).toEqual([name, level]);
});
