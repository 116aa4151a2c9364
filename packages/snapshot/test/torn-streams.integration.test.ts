import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { isTornSnapshot } from "../src/index.ts";
import { copyBytes, openCopy, piecesOf, restoreCopy, testSignal } from "./copy.ts";
import { serverContents } from "./server-contents.ts";
import { endpointOf } from "./endpoint-of.ts";

// each test starts two servers and three programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000 });

const FEW = [
  "CREATE DATABASE d",
  "CREATE TABLE d.t (i INT PRIMARY KEY, b BLOB)",
  "INSERT INTO d.t VALUES (1, RANDOM_BYTES(1000)), (2, REPEAT(RANDOM_BYTES(1000), 60))",
  "CREATE VIEW d.v AS SELECT i FROM d.t",
  "CREATE USER ann IDENTIFIED BY 'x'",
] as const;

describe.each(testFlavours())("%s: a torn copy", (flavour) => {
  test("is never taken for a whole one, wherever it is cut or changed; another restore makes the server whole", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using onSource = await TestSession.open(source);
    await onSource.run(...FEW);
    const whole = await copyBytes(source);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant("cut" as const), at: fc.nat(whole.length - 1) }),
      fc.record({ kind: fc.constant("flip" as const), at: fc.nat(whole.length - 1) }),
      fc.record({ kind: fc.constant("drop" as const), at: fc.nat(whole.length - 1) }),
      fc.record({ kind: fc.constant("more" as const), at: fc.constant(whole.length) }),
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.integer({ min: 1, max: 200_000 }), async ({ kind, at }, size) => {
        await expect(restoreCopy(target, piecesOf(damaged(whole, kind, at), size))).rejects.toMatchObject({
          name: "UnderstudyError",
        });
      }),
      { numRuns: 12, examples: [[{ kind: "cut", at: whole.length - 1 }, 4096]] },
    );
    // the last one of a property may have failed before anything was touched
    await expect(restoreCopy(target, piecesOf(whole.subarray(0, -1)))).rejects.toMatchObject({
      code: "snapshot-failed",
    });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    await expect(openCopy(target)).rejects.toMatchObject({ code: "snapshot-failed" });
    await restoreCopy(target, piecesOf(whole));
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(false);
    expect(await serverContents(target)).toEqual(await serverContents(source));
  });

  test("leaves a server untouched where not even its header is fit", async () => {
    await using target = await openTestServer(flavour);
    using onTarget = await TestSession.open(target);
    await onTarget.run("CREATE DATABASE mine");
    const bytes = await copyBytes(target);
    const other = flavour === "mysql" ? "mariadb" : "mysql";
    await expect(restoreCopy(target, piecesOf(bytes), { flavour: other })).rejects.toMatchObject({
      code: "server-unsuitable",
    });
    const changed = Buffer.from(bytes.toString("latin1").replace('"format":1', '"format":2'), "latin1");
    await expect(restoreCopy(target, piecesOf(changed))).rejects.toMatchObject({
      code: "version-mismatch",
      message: expect.stringMatching(/format 2.*format 1: upgrade this node$/),
    });
    await expect(
      restoreCopy(target, piecesOf(Buffer.from("HTTP/1.1 502 Bad Gateway"))),
    ).rejects.toMatchObject({
      code: "snapshot-failed",
    });
    expect(await onTarget.value("SHOW DATABASES LIKE 'mine'")).toBe("mine");
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(false);
  });
});

function damaged(whole: Buffer, kind: "cut" | "flip" | "drop" | "more", at: number): Buffer {
  switch (kind) {
    case "cut":
      return whole.subarray(0, at);
    case "flip": {
      const copy = Buffer.from(whole);
      copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
      return copy;
    }
    case "drop":
      return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]);
    case "more":
      return Buffer.concat([whole, Buffer.from([0])]);
    default:
      return kind satisfies never;
  }
}
