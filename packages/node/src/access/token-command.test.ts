import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runTokenCommand } from "./token-command.ts";
import { readTokens } from "./token-editing.ts";
import { TokenList } from "./token-list.ts";

const NOW_MS = Date.UTC(2026, 10, 26);
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "understudy-tokens-"));
  file = join(folder, "tokens.json");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function token(...words: string[]): Promise<{ code: number; out: string; told: string }> {
  let out = "";
  let told = "";
  const code = await runTokenCommand(words, {
    defaultFile: file,
    nowMs: NOW_MS,
    out: (text) => void (out += text),
    tell: (text) => void (told += text),
  });
  return { code, out, told };
}

test("a token is told once, found by the nodes, listed without its hash, and revoked", async () => {
  const made = await token(
    "create",
    "--name",
    "app",
    "--rights",
    "read,write",
    "--databases",
    "shop, crm",
    "--expires",
    "90d",
  );
  expect(made.code).toBe(0);
  const list = new TokenList({ tokens: [...(await readTokens(file))] });
  expect(list.find(made.out.trim())).toMatchObject({
    name: "app",
    databases: ["crm", "shop"],
    expiresMs: NOW_MS + 90 * 86_400_000,
  });
  const text = await readFile(file, "utf8");
  expect(text).not.toContain(made.out.trim());
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await token("create", "--name", "nodes", "--rights", "replicate");
  const { out } = await token("list");
  expect(out).toMatch(/^app\tread,write\tdatabases shop,crm\texpires 2027-02-24/);
  expect(out).toMatch(/^nodes\treplicate\tall databases\tnever expires$/m);
  expect(out).not.toMatch(/[0-9a-f]{64}/);
  expect((await token("revoke", "--name", "app")).code).toBe(0);
  expect((await readTokens(file)).map(({ name }) => name)).toEqual(["nodes"]);
});

test.each([
  [["create", "--name", "app"], /--rights is missing/],
  [["create", "--name", "app", "--rights", "root"], /rights/],
  [["create", "--name", "a b", "--rights", "read"], /name/],
  [["create", "--name", "app", "--rights", "admin", "--databases", "shop"], /admin can't be bound/],
  [["create", "--name", "app", "--rights", "read", "--expires", "soon"], /expires/],
  [["create", "--name", "known", "--rights", "read"], /another token has that name/],
  [["revoke", "--name", "nobody"], /no token "nobody"/],
  [["frob"], /no command "frob"/],
  [["create", "--nome", "app"], /nome/],
] as const)("%j changes nothing and says why", async (words, reason) => {
  await token("create", "--name", "known", "--rights", "read");
  const before = await readFile(file, "utf8");
  const { code, out, told } = await token(...words);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(told).toMatch(reason);
  expect(await readFile(file, "utf8")).toBe(before);
});

test("two changes at a time don't undo each other, and permissions that were chosen stay", async () => {
  await writeFile(file, '{"tokens": []}', { mode: 0o640 });
  const names = ["a", "b", "c", "d"];
  const codes = await Promise.all(names.map((name) => token("create", "--name", name, "--rights", "read")));
  const made = names.filter((_, index) => codes[index]?.code === 0);
  expect(made.length).toBeGreaterThan(0);
  expect((await readTokens(file)).map(({ name }) => name).toSorted()).toEqual(made);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
});
