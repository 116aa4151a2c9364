import { expect, test } from "vitest";
import { parseTokenFile } from "./token-file.ts";
import { TokenList } from "./token-list.ts";
import { newToken, TOKEN_PATTERN, tokenDigest } from "./token-secret.ts";

const hash = (token: string): string => tokenDigest(token).toString("hex");
const parse = (tokens: readonly object[]) => parseTokenFile(JSON.stringify({ tokens }), "t.json");

test("a token is found by its text alone, with what its entry says", () => {
  const token = newToken();
  expect(token).toMatch(TOKEN_PATTERN);
  const list = new TokenList(
    parse([
      { name: "other", sha256: hash(newToken()), rights: ["admin"] },
      {
        name: "app",
        sha256: hash(token),
        rights: ["read", "write"],
        databases: ["shop", "crm"],
        expires: "2027-01-31",
        requestsPerSecond: 5,
      },
    ]),
  );
  expect(list.find(token)).toEqual({
    name: "app",
    rights: new Set(["read", "write"]),
    databases: ["crm", "shop"],
    expiresMs: Date.UTC(2027, 0, 31),
    requestsPerSecond: 5,
  });
  expect(list.find(`${token}x`)).toBeNull();
  expect(list.find(hash(token))).toBeNull();
});

test("every problem of the file is told at once, and no hash", () => {
  const sha256 = hash("the same one for both");
  const bad = [
    { name: "a", sha256, rights: ["read", "admin"], databases: ["shop", "MySQL"], expires: "soon" },
    { name: "a", sha256, rights: ["write"] },
  ];
  let told = "";
  try {
    parse(bad);
  } catch (error) {
    told = String(error);
  }
  expect(told).toMatch(/admin can't be bound/);
  expect(told).toMatch(/MySQL is no database of clients/);
  expect(told).toMatch(/expires must be a date/);
  expect(told).toMatch(/tokens\.1 \(a\): another token has that name/);
  expect(told).toMatch(/another token has that hash/);
  expect(told).not.toContain(sha256);
});

test.each([
  ["no JSON", "{"],
  ["another shape", "[]"],
  ["an unknown right", JSON.stringify({ tokens: [{ name: "a", sha256: hash("x"), rights: ["root"] }] })],
  ["no right", JSON.stringify({ tokens: [{ name: "a", sha256: hash("x"), rights: [] }] })],
  [
    "an unknown field",
    JSON.stringify({ tokens: [{ name: "a", sha256: hash("x"), rights: ["read"], token: "x" }] }),
  ],
  [
    "a token instead of its hash",
    JSON.stringify({ tokens: [{ name: "a", sha256: newToken(), rights: ["read"] }] }),
  ],
])("a file with %s is refused without being quoted", (_what, text) => {
  expect(() => parseTokenFile(text, "t.json")).toThrow(/t\.json are not usable/);
  try {
    parseTokenFile(text, "t.json");
  } catch (error) {
    expect(String(error)).not.toMatch(/understudy_[A-Za-z0-9_-]{20}/);
  }
});
