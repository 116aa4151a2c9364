import { silentLogger, systemClock } from "@understudy/kernel";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { newToken, tokenDigest } from "./token-secret.ts";
import { TokenStore } from "./token-store.ts";

let folder: string;
let path: string;
let changes: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "understudy-tokens-"));
  path = join(folder, "tokens.json");
  changes = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const textOf = (...tokens: readonly (readonly [name: string, token: string])[]): string =>
  JSON.stringify({
    tokens: tokens.map(([name, token]) => ({
      name,
      sha256: tokenDigest(token).toString("hex"),
      rights: ["read"],
    })),
  });

const open = (): Promise<TokenStore> =>
  TokenStore.open({
    path,
    clock: systemClock,
    logger: silentLogger,
    onChange: (kind, sentence) => void changes.push(`${kind}: ${sentence}`),
  });

/** As a mounted secret changes: whole, by a rename. */
async function replace(text: string): Promise<void> {
  await writeFile(`${path}.other`, text, { mode: 0o600 });
  await rename(`${path}.other`, path);
}

test("new tokens are taken and old ones refused without a restart", async () => {
  const [first, second] = [newToken(), newToken()];
  await replace(textOf(["first", first]));
  await using store = await open();
  expect(store.find(first)?.name).toBe("first");
  await replace(textOf(["second", second]));
  await vi.waitUntil(() => store.find(second), { timeout: 20_000 });
  expect(store.find(first)).toBeNull();
  expect(changes).toEqual(["taken: the tokens were read again, 1 in all; new: second; gone: first"]);
  expect(store.warnings()).toEqual([]);
});

test("a file that is broken, or gone, leaves the tokens of before in force, and is told of until it is cured", async () => {
  const token = newToken();
  const good = textOf(["app", token]);
  await replace(good);
  await using store = await open();
  await replace(`{"tokens": [{"name": "app", "sha256": "${token}"`);
  await vi.waitUntil(() => store.warnings().length > 0, { timeout: 20_000 });
  expect(store.warnings()[0]).toMatch(/tokens of before are still in force.*no JSON/s);
  expect(store.find(token)?.name).toBe("app");
  expect(changes.join()).not.toContain(token);
  await rm(path);
  await vi.waitUntil(() => /can't be read/.test(store.warnings()[0] ?? ""), { timeout: 20_000 });
  expect(store.find(token)?.name).toBe("app");
  await replace(good);
  await vi.waitUntil(() => store.warnings().length === 0, { timeout: 20_000 });
  expect(changes.map((change) => change.split(":")[0])).toEqual(["refused", "refused", "taken"]);
});

test("a file that anyone can read is warned of", async () => {
  await replace(textOf());
  await chmod(path, 0o644);
  await using store = await open();
  expect(store.warnings()).toEqual([expect.stringMatching(/every user of this machine can read/)]);
});

test("a node does not start without a usable file", async () => {
  await expect(open()).rejects.toMatchObject({ code: "config-invalid" });
  await replace("[]");
  await expect(open()).rejects.toMatchObject({ code: "config-invalid" });
});
