import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAccess } from "./access.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "understudy-access-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileWith(text: string): Promise<string> {
  const file = join(folder, "file");
  await writeFile(file, text);
  return file;
}

test("without files there is no token", () => {
  expect(readAccess({ tokenFile: null, caFile: null })).toEqual({ token: undefined });
});

test("the token is the first word of its file", async () => {
  for (const text of ["understudy_abc", "understudy_abc\n", "  understudy_abc the dashboard's\nsecond\n"]) {
    expect(readAccess({ tokenFile: await fileWith(text), caFile: null })).toEqual({
      token: "understudy_abc",
    });
  }
});

test("a file without a token that a header can carry is a sentence", async () => {
  for (const text of ["", " \n", "tökén", "a\u0000b"]) {
    const tokenFile = await fileWith(text);
    const access = readAccess({ tokenFile, caFile: null });
    expect(access).toEqual({ error: `There is no token in ${tokenFile}.` });
  }
});

test("files that are not there are a sentence each", () => {
  const nowhere = join(folder, "nowhere");
  const sentences = [
    readAccess({ tokenFile: nowhere, caFile: null }),
    readAccess({ tokenFile: null, caFile: nowhere }),
  ].map((access) => ("error" in access ? access.error : ""));
  expect(sentences[0]).toMatch(/^The token can't be read: ENOENT.*\.$/);
  expect(sentences[1]).toMatch(/^The certificates can't be read: ENOENT.*\.$/);
});
