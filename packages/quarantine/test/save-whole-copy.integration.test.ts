import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExecutedPosition, type GtidPosition } from "@understudy/binlog";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { silentLogger, systemClock } from "@understudy/kernel";
import { UnderstudyError, type QuarantineManifest } from "@understudy/protocol";
import { TestSession } from "@understudy/database-server/test-session";
import {
  applyQuarantined,
  noteDataReplaced,
  openQuarantine,
  saveWholeCopy,
  type SavedWholeCopy,
  type SaveWholeCopyOptions,
} from "../src/index.ts";

const CONTENT = Buffer.from("a copy of everything ".repeat(100_000));

describe.each(testFlavours())("a copy of all data that is kept on %s", (flavour) => {
  let server: DatabaseServer;
  let session: TestSession;
  let dataDir: string;
  let shared: GtidPosition;
  let opened = 0;

  beforeAll(async () => {
    server = await openTestServer(flavour);
    session = await TestSession.open(server);
    dataDir = await mkdtemp(join(tmpdir(), "understudy-whole-"));
    await session.run("CREATE DATABASE shop");
    shared = await readExecutedPosition(session, flavour);
    await session.run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1)");
  });
  afterAll(async () => {
    session[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function save(changes: Partial<SaveWholeCopyOptions> = {}): Promise<SavedWholeCopy> {
    return saveWholeCopy({
      dataDir,
      node: "node-1",
      epoch: 7n,
      flavour,
      reason: "its binlog cannot be read: half an event",
      ask: (task) => task(session),
      shared,
      master: shared,
      open: () => openCopy(),
      verify: async (body) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        expect(Buffer.concat(chunks).equals(CONTENT)).toBe(true);
      },
      onBytes: () => undefined,
      clock: systemClock,
      signal: AbortSignal.timeout(60_000),
      ...changes,
    });
  }

  async function openCopy(
    meanwhile: () => Promise<void> = async () => undefined,
    bytesTotal = CONTENT.length,
  ): Promise<Awaited<ReturnType<SaveWholeCopyOptions["open"]>>> {
    opened += 1;
    return {
      position: await readExecutedPosition(session, flavour),
      bytesTotal,
      body: (async function* () {
        yield CONTENT.subarray(0, 1_000_000);
        await meanwhile();
        yield CONTENT.subarray(1_000_000);
      })(),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  const filesLeft = async (): Promise<string[]> =>
    (await readdir(join(dataDir, "quarantine"))).filter((name) => !/^\d/.test(name)).toSorted();

  async function expectRefused(changes: Partial<SaveWholeCopyOptions>, words: RegExp): Promise<void> {
    await expect(save(changes)).rejects.toMatchObject({
      code: "quarantine-incomplete",
      message: expect.stringMatching(words) as string,
    });
    expect(await filesLeft()).toEqual(["discarded", "incarnation"]);
    const quarantine = await openQuarantine({ dataDir, binlogProgram: null, clock: systemClock });
    expect((await quarantine.list({ limit: 10 })).items).toEqual([]);
  }

  it("is nothing where it could not be kept as a whole, and says what to do", async () => {
    await expectRefused(
      { open: () => openCopy(undefined, 1e18) },
      /half an event; and there is no room .* has \d+ bytes free, and the copy needs up to about 1000000000000000000\. Make room there/,
    );
    const breaks = async (): Promise<void> => {
      throw new UnderstudyError("snapshot-failed", "the dump program gave up");
    };
    await expectRefused({ open: () => openCopy(breaks) }, /can't be copied: the dump program gave up/);
    const full = (): Promise<void> => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    await expectRefused({ open: () => openCopy(full) }, /there is no room/);
    const torn = (): Promise<void> => Promise.reject(new UnderstudyError("snapshot-failed", "not whole"));
    await expectRefused({ verify: torn }, /not whole/);
    const writes = (): Promise<void> => session.run("INSERT INTO shop.t VALUES (2)");
    await expectRefused({ open: () => openCopy(writes) }, /somebody wrote to its server/);
  });

  it("waits for a session that may still bring a write", async () => {
    using other = await TestSession.open(server);
    const [self] = await other.rows("SELECT CONNECTION_ID() AS id");
    const sleeping = other.rows("SELECT SLEEP(60)").catch(() => undefined);
    const isAsleep = async (): Promise<boolean> =>
      (await session.rows("SHOW PROCESSLIST")).some(({ Info: info }) => info === "SELECT SLEEP(60)");
    await expect.poll(isAsleep, { timeout: 30_000 }).toBe(true);
    await expectRefused({}, /still at work/);
    await session.run(`KILL ${String(self?.["id"])}`);
    await sleeping;
    await expect.poll(isAsleep, { timeout: 30_000 }).toBe(false);
  });

  let kept: QuarantineManifest;

  it("is one entry, that says what it is and can be read and discarded, but not applied", async () => {
    const saved = await save();
    kept = saved.manifest;
    expect(saved.isNew).toBe(true);
    expect(kept).toMatchObject({
      kind: "whole-copy",
      bytes: CONTENT.length,
      digest: createHash("sha256").update(CONTENT).digest("hex"),
      wholeCopy: { reason: "its binlog cannot be read: half an event" },
    });
    expect(kept.wholeCopy?.errant).toMatch(flavour === "mysql" ? /^[\da-f-]{36}:\d+-\d+$/ : /^0:2-4$/);
    const quarantine = await openQuarantine({ dataDir, binlogProgram: null, clock: systemClock });
    expect((await quarantine.list({ limit: 10 })).items).toEqual([
      { manifest: kept, state: "open", discarded: null, report: null },
    ]);
    expect(await quarantine.transactions(kept.id, { limit: 10 })).toEqual({ items: [], next: null });
    const signal = AbortSignal.timeout(60_000);
    const text = await Array.fromAsync(quarantine.listing(kept.id, { signal }));
    expect(Buffer.concat(text).toString()).toMatch(
      /copy of all data that node-1 had[^]*half an event[^]*restore --verify/,
    );
    const raw = await Array.fromAsync(quarantine.raw(kept.id, signal));
    expect(Buffer.concat(raw).equals(CONTENT)).toBe(true);
    const applied = applyQuarantined({
      entry: { manifest: kept, raw: () => quarantine.raw(kept.id, signal) },
      connect: () => Promise.reject(new Error("nobody is to be asked")),
      flavour,
      mode: "check",
      onConflict: "stop",
      clock: systemClock,
      logger: silentLogger,
      signal,
    });
    await expect(applied).rejects.toMatchObject({ code: "quarantine-whole-copy" });
    expect(await quarantine.discard(kept.id, { reason: "a test", by: "me" })).toMatchObject({
      state: "discarded",
    });
  });

  it("is not made again of the same data, whatever became of it, but of others", async () => {
    const before = opened;
    expect(await save()).toEqual({ manifest: kept, isNew: false });
    expect(opened).toBe(before);
    await session.run("INSERT INTO shop.t VALUES (3)");
    expect((await save()).isNew).toBe(true);
    expect((await save()).isNew).toBe(false);
    // the same numbers in a server whose contents were replaced are of other transactions
    await noteDataReplaced(dataDir);
    expect((await save()).isNew).toBe(true);
    expect(opened).toBe(before + 2);
  });

  it("stands beside entries of earlier releases, which knew of no kinds", async () => {
    const quarantine = await openQuarantine({ dataDir, binlogProgram: null, clock: systemClock });
    const path = join(dataDir, "quarantine", "discarded", kept.id, "manifest.json");
    const {
      kind: _kind,
      wholeCopy: _wholeCopy,
      ...old
    } = JSON.parse(await readFile(path, "utf8")) as QuarantineManifest;
    await writeFile(path, JSON.stringify(old));
    expect((await quarantine.get(kept.id)).manifest).toEqual({ ...old, kind: "transactions" });
  });
});
