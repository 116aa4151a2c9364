import { describe, expect, test } from "vitest";
import { RowBuffer } from "./row-buffer.ts";
import type { RawPacket } from "./raw-connection.ts";
import type { WireColumn } from "./wire-column.ts";

const COLUMN: WireColumn = { name: "t", type: "TEXT", nullable: true, charset: "utf8mb4", kind: "text" };
/** A row of 10 KiB. */
const TEXT = "x".repeat(10 * 1024);

function rowPacket(): RawPacket {
  const length = Buffer.byteLength(TEXT);
  const buffer = Buffer.concat([Buffer.from([0xfc, length % 256, length >> 8]), Buffer.from(TEXT)]);
  return { buffer, offset: 0, end: buffer.length };
}

function openBuffer() {
  const calls: string[] = [];
  const buffer = new RowBuffer({
    shape: "arrays",
    onColumns: () => calls.push("columns"),
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
  });
  buffer.begin([COLUMN], false);
  const take = (rows: number): void => {
    for (let row = 0; row < rows; row++) buffer.take(rowPacket());
  };
  return { buffer, calls, take };
}

describe("a row buffer", () => {
  test("pauses its source from 128 KiB on, once, and lets it go on when the rows are taken", async () => {
    const { buffer, calls, take } = openBuffer();
    take(12);
    expect(calls).toEqual(["columns"]);
    take(5);
    expect(calls).toEqual(["columns", "pause"]);
    expect(await buffer.next()).toHaveLength(17);
    expect(calls).toEqual(["columns", "pause", "resume"]);
    take(13);
    expect(calls).toEqual(["columns", "pause", "resume", "pause"]);
  });

  test("hands out what waits before an end or an error, and says the end again and again", async () => {
    const { buffer, take } = openBuffer();
    take(2);
    buffer.finish(null);
    expect(await buffer.next()).toHaveLength(2);
    expect([await buffer.next(), await buffer.next()]).toEqual([null, null]);
    const failing = openBuffer();
    failing.take(1);
    failing.buffer.finish(new Error("first"));
    failing.buffer.finish(new Error("second"));
    expect(await failing.buffer.next()).toHaveLength(1);
    await expect(failing.buffer.next()).rejects.toThrow("first");
    await expect(failing.buffer.next()).rejects.toThrow("first");
  });

  test("drops what waits when it is given up, so that nobody takes a part for the whole", async () => {
    const { buffer, take } = openBuffer();
    take(3);
    buffer.giveUp(new Error("enough"));
    take(1);
    await expect(buffer.next()).rejects.toThrow("enough");
    const ended = openBuffer();
    ended.take(3);
    ended.buffer.finish(null);
    ended.buffer.giveUp(new Error("enough"));
    await expect(ended.buffer.next()).rejects.toThrow("enough");
    const whole = openBuffer();
    whole.buffer.finish(null);
    whole.buffer.giveUp(new Error("enough"));
    expect(await whole.buffer.next()).toBeNull();
  });

  test("wakes the one who waits, for rows and for the end", async () => {
    const { buffer, take } = openBuffer();
    const rows = buffer.next();
    take(1);
    expect(await rows).toHaveLength(1);
    const end = buffer.next();
    buffer.finish(null);
    expect(await end).toBeNull();
  });
});
