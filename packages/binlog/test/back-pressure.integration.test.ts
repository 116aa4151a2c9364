import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { connectRaw, TestSession } from "@understudy/database-server/test-session";
import { emptyPosition, readBinlog } from "../src/index.ts";

const MIB = 1024 * 1024;
const HIGH_WATER_BYTES = 4 * MIB;
/** Rows of 1 MiB, all in one transaction. */
const ROWS = 200;
const PAUSE_MS = 2_000;

describe.each(testFlavours())("a reader of a %s server", (flavour) => {
  let server: DatabaseServer;

  beforeAll(async () => {
    server = await openTestServer(flavour);
    using session = await TestSession.open(server);
    await session.run("CREATE DATABASE big", "USE big", "CREATE TABLE t (a INT PRIMARY KEY, b LONGBLOB)");
    await session.run(
      `INSERT INTO t WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < ${ROWS})
       SELECT n, REPEAT(CHAR(n), ${MIB}) FROM c`,
    );
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it("stops for a while and holds a bounded part of the 200 MiB that wait for it, in count and in memory", async () => {
    const startBytes = process.memoryUsage.rss();
    let totalBytes = 0;
    let heldBytes = 0;
    let batchBytesMax = 0;
    let rssBytesMax = startBytes;
    const reader = readBinlog({
      connect: () => connectRaw(server),
      flavour,
      from: emptyPosition(flavour),
      readerServerId: 500,
      heartbeatMs: 1_000,
      highWaterBytes: HIGH_WATER_BYTES,
      signal: AbortSignal.timeout(60_000),
      untilEnd: true,
    });
    for await (const events of reader) {
      const bytes = events.reduce((sum, event) => sum + event.bytes.length, 0);
      totalBytes += bytes;
      batchBytesMax = Math.max(batchBytesMax, bytes);
      // long enough for the server to send everything, were the socket not stopped
      if (totalBytes === bytes) {
        await delay(PAUSE_MS);
        heldBytes = process.memoryUsage.rss() - startBytes;
      }
      rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss());
    }
    expect(totalBytes).toBeGreaterThan(ROWS * MIB);
    expect(batchBytesMax).toBeLessThan(HIGH_WATER_BYTES + 2 * MIB);
    expect(heldBytes).toBeLessThan(64 * MIB);
    // most of it is garbage that was not collected yet
    expect(rssBytesMax - startBytes).toBeLessThan(160 * MIB);
  });
});
