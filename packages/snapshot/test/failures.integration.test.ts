import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { isTornSnapshot } from "../src/index.ts";
import { copyBytes, openCopy, piecesOf, restoreCopy, testSignal } from "./copy.ts";
import { endpointOf } from "./endpoint-of.ts";

// each test starts programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const BIG = ["CREATE DATABASE d", "CREATE TABLE d.t (i INT PRIMARY KEY, b LONGBLOB)"] as const;

/** 20 MB that don't compress. */
function bigRows(): string[] {
  return Array.from(
    { length: 20 },
    (_, i) => `INSERT INTO d.t SELECT ${i}, GROUP_CONCAT(RANDOM_BYTES(1000) SEPARATOR '') FROM
    (SELECT 1 FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b LIMIT 1000) x`,
  );
}

describe.each(testFlavours())("%s: what fails", (flavour) => {
  /** With some 20 MB. */
  let source: DatabaseServer;
  let target: DatabaseServer;
  let onSource: TestSession;
  let onTarget: TestSession;
  /** A copy of the source. */
  let whole: Buffer;
  /** A copy of a server that has nothing. */
  let empty: Buffer;

  beforeAll(async () => {
    [source, target] = await Promise.all([
      openTestServer(flavour, { serverId: 1 }),
      openTestServer(flavour, { serverId: 2 }),
    ]);
    [onSource, onTarget] = await Promise.all([TestSession.open(source), TestSession.open(target)]);
    await onSource.run("SET SESSION group_concat_max_len=100000000", ...BIG, ...bigRows());
    await onSource.run("INSERT INTO d.t SELECT 100, REPEAT('x', 5000000)");
    whole = await copyBytes(source);
    empty = await copyBytes(target);
  });

  afterAll(async () => {
    for (const session of [onSource, onTarget]) session[Symbol.dispose]();
    await Promise.all([source[Symbol.asyncDispose](), target[Symbol.asyncDispose]()]);
  });

  test("is told with the reason: no program, a wrong password", async () => {
    const wrong = endpointOf(target, { user: "root", password: "wrong" });
    await expect(openCopy(target, { endpoint: wrong })).rejects.toMatchObject({ code: "forbidden" });
    await expect(restoreCopy(target, piecesOf(empty), { endpoint: wrong })).rejects.toMatchObject({
      code: "forbidden",
    });
    const programs = { dump: "/nowhere/mysqldump", client: "/nowhere/mysql" };
    await expect(openCopy(target, { programs })).rejects.toThrow(/nowhere.*install.*UNDERSTUDY_DUMP_PROGRAM/);
    await expect(restoreCopy(target, piecesOf(empty), { programs })).rejects.toMatchObject({
      code: "server-unsuitable",
    });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(false);
  });

  test("a statement that runs for long is waited for, and nobody else waits meanwhile", async () => {
    using slow = await TestSession.open(target);
    await onTarget.run("CREATE DATABASE d", "CREATE TABLE d.t (i INT)", "INSERT INTO d.t VALUES (1)");
    // runs for as long as this test wants
    await onTarget.run("DO GET_LOCK('gate', 0)");
    const running = slow.rows("SELECT GET_LOCK('gate', 120) FROM d.t");
    await expect
      .poll(async () => {
        const rows = await onTarget.rows("SHOW PROCESSLIST");
        return Number(rows.find((row) => String(row["Info"]).startsWith("SELECT GET_LOCK"))?.["Time"] ?? 0);
      })
      .toBeGreaterThanOrEqual(3);
    const looks = async (): Promise<number> => {
      const [row] = await onTarget.rows("SHOW GLOBAL STATUS LIKE 'Com_show_processlist'");
      return Number(row?.["Value"]);
    };
    const looksBefore = await looks();
    let isOpen = false;
    const opening = openCopy(target).finally(() => (isOpen = true));
    // MySQL's snapshot needs a lock: the copy looks again and again whether it may have it. MariaDB's needs none
    const hasSeen = async (): Promise<boolean> => isOpen || (await looks()) >= looksBefore + 3;
    while (!(await hasSeen())) await onTarget.run("INSERT INTO d.t VALUES (2)");
    expect(isOpen).toBe(flavour === "mariadb");
    await onTarget.run("INSERT INTO d.t VALUES (3)", "DO RELEASE_LOCK('gate')");
    await running;
    await using copy = await opening;
    for await (const _ of copy.body) continue;
  });

  test("a client program that is killed, or a refused statement, leaves the mark", async () => {
    await onTarget.run("SET GLOBAL max_allowed_packet=1048576");
    await expect(restoreCopy(target, piecesOf(whole))).rejects.toMatchObject({
      code: "snapshot-failed",
      retryable: true,
    });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    await onTarget.run("SET GLOBAL max_allowed_packet=1073741824");
    const killed = restoreCopy(target, killingClient(whole, onTarget));
    await expect(killed).rejects.toMatchObject({ code: "snapshot-failed" });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    await restoreCopy(target, piecesOf(whole));
    expect(await onTarget.value("SELECT COUNT(*) FROM d.t")).toBe("21");
  });

  test("an abort ends both sides at once, with its own reason", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    await using copy = await openCopy(source, { signal: abort.signal });
    const restoring = restoreCopy(
      target,
      abortingAfter(copy.body, 500_000, () => abort.abort(reason)),
      { signal: abort.signal },
    );
    await expect(restoring).rejects.toBe(reason);
    await copy[Symbol.asyncDispose]();
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    // the source's definitions are free again
    await onSource.run("CREATE TABLE d.later (i INT)");
  });

  test("a stream that falls silent holds up neither an abort nor the client program's failure", async () => {
    await restoreCopy(target, piecesOf(empty));
    const abort = new AbortController();
    const reason = new Error("enough");
    const aborted = restoreCopy(
      target,
      silentAfterHalf(whole, async () => abort.abort(reason)),
      { signal: abort.signal },
    );
    await expect(aborted).rejects.toBe(reason);
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    const killed = restoreCopy(
      target,
      silentAfterHalf(whole, async () => process.kill(await clientPid(), "SIGKILL")),
    );
    await expect(killed).rejects.toMatchObject({ code: "snapshot-failed" });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
  });

  // the last one, since the source is dead behind it
  test("a dump program that is killed, or whose server dies, ends the stream without its end", async () => {
    for (const harm of ["program", "server"] as const) {
      await using copy = await openCopy(source);
      const reading = (async () => {
        let harmed = false;
        let bytes = 0;
        for await (const chunk of copy.body) {
          bytes += chunk.length;
          if (harmed || bytes < 500_000) continue;
          harmed = true;
          if (harm === "server") await source.killHard();
          else process.kill(copy.pid ?? 0, "SIGKILL");
        }
      })();
      await expect(reading).rejects.toMatchObject({ code: "snapshot-failed" });
    }
  });
});

/** Ends the client program under way, as soon as it has begun to write. */
async function* killingClient(whole: Buffer, session: TestSession): AsyncGenerator<Uint8Array> {
  const half = Math.floor(whole.length / 2);
  yield* piecesOf(whole.subarray(0, half));
  await killClient(session);
  yield* piecesOf(whole.subarray(half));
}

/** Sends half of a copy, lets something happen, and then nothing more ever. */
async function* silentAfterHalf(whole: Buffer, happen: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
  yield* piecesOf(whole.subarray(0, Math.floor(whole.length / 2)));
  await happen();
  await new Promise(() => undefined);
}

/** Process id of the client program that this process has started. */
async function clientPid(): Promise<number> {
  const pids = (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).trim().split(" ");
  for (const pid of pids) {
    if ((await readFile(`/proc/${pid}/cmdline`, "utf8")).includes("--binary-mode")) return Number(pid);
  }
  throw new Error("no client program is under way");
}

/** Ends the connection of the client program, which ends it; waits until it has one. */
async function killClient(session: TestSession): Promise<void> {
  for (;;) {
    const sessions = await session.rows("SHOW PROCESSLIST");
    const client = sessions.find((row) => row["db"] === "d");
    if (!client) continue;
    await session.run(`KILL ${client["Id"]}`);
    return;
  }
}

async function* abortingAfter(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  abort: () => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    yield chunk;
    bytes += chunk.length;
    if (bytes > bytesMax) abort();
  }
}
