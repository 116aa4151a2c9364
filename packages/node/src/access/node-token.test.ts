import { silentLogger, systemClock } from "@understudy/kernel";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfigFile } from "../config/config-file.ts";
import { loadConfig } from "../config/node-config.ts";
import { NodeToken } from "./node-token.ts";

const DATABASE = { UNDERSTUDY_DATABASE_URL: "mysql://root@127.0.0.1:3306" };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-node-token-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each([
  ["the environment", (path: string) => ({ environment: { ...DATABASE, UNDERSTUDY_NODE_TOKEN_FILE: path } })],
  [
    "a configuration file",
    (path: string) => ({
      environment: DATABASE,
      file: parseConfigFile("node.yaml", `nodeTokenFile: ${path}\n`),
    }),
  ],
])("is read again where its file, named by %s, changes", async (_name, sourcesOf) => {
  const path = join(directory, "token");
  await writeFile(path, "the-first-token-of-the-node\n");
  const { config } = loadConfig(sourcesOf(path), "master");
  await using token = new NodeToken({
    token: config.nodeToken,
    path: config.nodeTokenPath,
    clock: systemClock,
    logger: silentLogger,
  });
  expect(token.get()).toBe("the-first-token-of-the-node");
  await writeFile(path, "the-second-token-of-the-node\n");
  await expect.poll(token.get, { timeout: 30_000 }).toBe("the-second-token-of-the-node");
});

test("is not read again where the environment's own one wins over the file's", () => {
  const environment = { ...DATABASE, UNDERSTUDY_NODE_TOKEN: "a-token-of-the-environment" };
  const file = parseConfigFile("node.yaml", `nodeTokenFile: ${join(directory, "token")}\n`);
  const { config } = loadConfig({ environment, file }, "master");
  expect(config.nodeToken?.reveal()).toBe("a-token-of-the-environment");
  expect(config.nodeTokenPath).toBeNull();
});
