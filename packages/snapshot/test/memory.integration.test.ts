import { describe, expect, test, vi } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { openCopy, ProgressLog, restoreCopy } from "./copy.ts";
import { residentBytes } from "./resident-memory.ts";

// each test starts two servers and three programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000 });

const MIB = 1024 * 1024;
const ROWS = 100;
/** In the text it is twice as much: hexadecimal. */
const ROW_BYTES = MIB;
/** Far below what is copied (200 MiB of text), and above what buffers and the collector's leisure take. */
const GROWTH_MAX = 120 * MIB;

describe.each(testFlavours())("%s: memory", (flavour) => {
  test("stays flat while 200 MiB are copied and restored", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using session = await TestSession.open(source);
    await session.run(
      "CREATE DATABASE d",
      "CREATE TABLE d.t (i INT AUTO_INCREMENT PRIMARY KEY, b LONGBLOB)",
      `INSERT INTO d.t (b) VALUES (REPEAT(RANDOM_BYTES(1024), ${ROW_BYTES / 1024}))`,
    );
    for (let rows = 1; rows < ROWS; rows += 1) {
      await session.run(
        `INSERT INTO d.t (b) SELECT CONCAT(RANDOM_BYTES(1024), SUBSTRING(b, 1025)) FROM d.t WHERE i = 1`,
      );
    }
    const progress = new ProgressLog();
    const memory = { start: 0, highest: 0 };
    await using copy = await openCopy(source, { onProgress: progress.onProgress });
    memory.start = await residentBytes("self");
    await restoreCopy(target, watched(copy.body, memory));
    expect(memory.highest - memory.start).toBeLessThan(GROWTH_MAX);
    expect(progress.entries.at(-1)?.bytesDone).toBeGreaterThan(2 * ROWS * ROW_BYTES);
    using onTarget = await TestSession.open(target);
    expect(await onTarget.value("SELECT COUNT(*) FROM d.t")).toBe(String(ROWS));
  });
});

async function* watched(
  body: AsyncIterable<Uint8Array>,
  memory: { highest: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    memory.highest = Math.max(memory.highest, await residentBytes("self"));
    yield chunk;
  }
}
