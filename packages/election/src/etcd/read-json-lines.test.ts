import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedAnswer } from "./gateway-json.ts";
import { readJsonLines } from "./read-json-lines.ts";

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes);
}

async function read(text: string, { pieceBytes = 1_000, lineBytesMax = 1_000 } = {}): Promise<unknown[]> {
  return Array.fromAsync(readJsonLines(inPieces(Buffer.from(text), pieceBytes), lineBytesMax));
}

test("lines are read however they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      fc.integer({ min: 1, max: 20 }),
      async (values, pieceBytes) => {
        const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
        expect(await read(text, { pieceBytes, lineBytesMax: 1_000_000 })).toEqual(
          JSON.parse(JSON.stringify(values)),
        );
      },
    ),
  );
});

test("the empty lines between a stream's values are passed over", async () => {
  expect(await read("1\n\n2\n\n")).toEqual([1, 2]);
});

test.for(["{\n", "1\n2", "<html>\n"])("%j is malformed", async (text) => {
  await expect(read(text)).rejects.toBeInstanceOf(MalformedAnswer);
});

test("a line above the limit is refused before its end has come", async () => {
  await expect(read("x".repeat(50), { pieceBytes: 1, lineBytesMax: 40 })).rejects.toThrow(
    "more than 40 bytes",
  );
});
