import { readFile } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { isTornSnapshot } from "../src/index.ts";
import { copyBytes, openCopy, piecesOf, restoreCopy, testSignal } from "./copy.ts";
import { endpointOf } from "./endpoint-of.ts";

// each test starts two servers and three programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000 });

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
  test("is told with the reason: no program, a wrong password", async () => {
    await using server = await openTestServer(flavour);
    const wrong = endpointOf(server, { user: "root", password: "wrong" });
    await expect(openCopy(server, { endpoint: wrong })).rejects.toMatchObject({ code: "forbidden" });
    const bytes = await copyBytes(server);
    await expect(restoreCopy(server, piecesOf(bytes), { endpoint: wrong })).rejects.toMatchObject({
      code: "forbidden",
    });
    const programs = { dump: "/nowhere/mysqldump", client: "/nowhere/mysql" };
    await expect(openCopy(server, { programs })).rejects.toThrow(/nowhere.*install.*UNDERSTUDY_DUMP_PROGRAM/);
    await expect(restoreCopy(server, piecesOf(bytes), { programs })).rejects.toMatchObject({
      code: "server-unsuitable",
    });
    expect(await isTornSnapshot(endpointOf(server), testSignal())).toBe(false);
  });

  test("a dump program that is killed, or whose server dies, ends the stream without its end", async () => {
    await using server = await openTestServer(flavour);
    using session = await TestSession.open(server);
    await session.run("SET SESSION group_concat_max_len=100000000", ...BIG, ...bigRows());
    for (const harm of ["program", "server"] as const) {
      await using copy = await openCopy(server);
      const reading = (async () => {
        let harmed = false;
        let bytes = 0;
        for await (const chunk of copy.body) {
          bytes += chunk.length;
          if (harmed || bytes < 500_000) continue;
          harmed = true;
          if (harm === "server") await server.killHard();
          else process.kill(copy.pid ?? 0, "SIGKILL");
        }
      })();
      await expect(reading).rejects.toMatchObject({ code: "snapshot-failed" });
    }
  });

  test("a client program that is killed, or a refused statement, leaves the mark", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, {
      serverId: 2,
      extraArguments: ["--max-allowed-packet=1M"],
    });
    using session = await TestSession.open(source);
    await session.run("SET SESSION group_concat_max_len=100000000", ...BIG, ...bigRows());
    await session.run("INSERT INTO d.t SELECT 100, REPEAT('x', 5000000)");
    const whole = await copyBytes(source);
    await expect(restoreCopy(target, piecesOf(whole))).rejects.toMatchObject({
      code: "snapshot-failed",
      retryable: true,
    });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    using onTarget = await TestSession.open(target);
    await onTarget.run("SET GLOBAL max_allowed_packet=1073741824");
    const killed = restoreCopy(target, killingClient(whole, onTarget));
    await expect(killed).rejects.toMatchObject({ code: "snapshot-failed" });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
    await restoreCopy(target, piecesOf(whole));
    expect(await onTarget.value("SELECT COUNT(*) FROM d.t")).toBe("21");
  });

  test("an abort ends both sides at once, with its own reason", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using session = await TestSession.open(source);
    await session.run("SET SESSION group_concat_max_len=100000000", ...BIG, ...bigRows());
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
    await session.run("CREATE TABLE d.later (i INT)");
  });

  test("a stream that falls silent holds up neither an abort nor the client program's failure", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using session = await TestSession.open(source);
    await session.run("SET SESSION group_concat_max_len=100000000", ...BIG, ...bigRows());
    const whole = await copyBytes(source);
    const abort = new AbortController();
    const reason = new Error("enough");
    const aborted = restoreCopy(
      target,
      silentAfterHalf(whole, async () => abort.abort(reason)),
      { signal: abort.signal },
    );
    await expect(aborted).rejects.toBe(reason);
    const killed = restoreCopy(
      target,
      silentAfterHalf(whole, async () => process.kill(await clientPid(), "SIGKILL")),
    );
    await expect(killed).rejects.toMatchObject({ code: "snapshot-failed" });
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(true);
  });

  test("a statement that runs for long is waited for, and nobody else waits meanwhile", async () => {
    await using server = await openTestServer(flavour);
    using session = await TestSession.open(server);
    using slow = await TestSession.open(server);
    await session.run("CREATE DATABASE d", "CREATE TABLE d.t (i INT)", "INSERT INTO d.t VALUES (1)");
    // runs for as long as this test wants
    await session.run("DO GET_LOCK('gate', 0)");
    const running = slow.rows("SELECT GET_LOCK('gate', 120) FROM d.t");
    await expect
      .poll(async () => {
        const rows = await session.rows("SHOW PROCESSLIST");
        return Number(rows.find((row) => String(row["Info"]).startsWith("SELECT GET_LOCK"))?.["Time"] ?? 0);
      })
      .toBeGreaterThanOrEqual(3);
    const looks = async (): Promise<number> => {
      const [row] = await session.rows("SHOW GLOBAL STATUS LIKE 'Com_show_processlist'");
      return Number(row?.["Value"]);
    };
    const looksBefore = await looks();
    let isOpen = false;
    const opening = openCopy(server).finally(() => (isOpen = true));
    // MySQL's snapshot needs a lock: the copy looks again and again whether it may have it. MariaDB's needs none
    const hasSeen = async (): Promise<boolean> => isOpen || (await looks()) >= looksBefore + 3;
    while (!(await hasSeen())) await session.run("INSERT INTO d.t VALUES (2)");
    expect(isOpen).toBe(flavour === "mariadb");
    await session.run("INSERT INTO d.t VALUES (3)", "DO RELEASE_LOCK('gate')");
    await running;
    await using copy = await opening;
    for await (const _ of copy.body) continue;
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
