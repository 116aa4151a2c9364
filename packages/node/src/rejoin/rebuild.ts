import { backoffMs, messageOf } from "@understudy/kernel";
import { errorCodeOf, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { noteDataReplaced } from "@understudy/quarantine";
import { restoreSnapshot } from "@understudy/snapshot";
import { CLIENT_ACCOUNTS } from "@understudy/sql-executor";
import type { JobProgress } from "../jobs/job-board.ts";
import type { RoleServices } from "../node-services.ts";
import { forgetFailure } from "../roles/kept-failure.ts";
import { forgetOwedHistory, keepOwedHistory, owesHistory, readOwedHistory } from "../roles/owed-history.ts";
import { fenceServer } from "../roles/fence.ts";
import type { KnownLeader } from "../roles/leader-link.ts";
import { keepCopySource } from "./copy-source.ts";
import { copyPrograms } from "./copy-programs.ts";
import { copyWords } from "./copy-words.ts";
import { saveOwn } from "./save-own.ts";
import { inCause, type Cause } from "../tracing/cause.ts";

/** What a master has told a node that can't go on from where it is. */
export interface RebuildOrder {
  /** The request by which a person wants it; null where nobody does. */
  readonly cause: Cause | null;
  /** Why, in one sentence. */
  readonly reason: string;
  /** The master, which has the data. */
  readonly source: KnownLeader;
  /** A slave that the master has named to give the copy in its place; null where there is none. */
  readonly copyFrom: KnownLeader | null;
  readonly epoch: bigint;
  /** What of this node's history the master has, see `commonHistory`. */
  readonly survived: string;
  /** What the master has. */
  readonly executed: string;
  /** The server's own history is no history of the cluster: it is new, or a copy was not restored to its end. */
  readonly hasNothingOwn: boolean;
}

/** For each wait for more of the copy: the giver's dump may take its time with a large table's indexes. */
const COPY_IDLE_MS = 10 * 60_000;
const TRIES_MAX = 5;
const BACKOFF = { baseMs: 500, maxMs: 5000 } as const;
/** What passes by itself, so that another try makes sense. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "database-unavailable",
  "no-leader",
  "node-unreachable",
  "overloaded",
  "snapshot-failed",
  "starting",
]);

/**
 * Makes a fresh copy of the master's data of this node: first saves what only it has, then replaces everything.
 * Must be called while no role uses the database. What is saved stays, whatever comes after; a copy that was not restored to its
 * end is known as such, and the node starts over with it. Throws `quarantine-incomplete` where something would be lost by it (see `saveOwn`);
 * nothing is touched then.
 */
export async function rebuildNode(
  progress: JobProgress,
  {
    services,
    order,
    signal,
  }: { readonly services: RoleServices; readonly order: RebuildOrder; readonly signal: AbortSignal },
): Promise<void> {
  await progress.step("end all sessions", (tell) =>
    untilPassed(services, { signal, tell }, () => fenceServer(services.executor)),
  );
  if (!order.hasNothingOwn) {
    await progress.step("save what only this node has", (tell) => saveOwn(services, { order, signal, tell }));
  }
  await progress.step("take a fresh copy", async (tell) => {
    await keepCopySource(services.config.dataDir, order.source);
    if (order.copyFrom && (await isCopiedFromSlave(services, order.copyFrom, { order, signal, tell })))
      return;
    await untilPassed(services, { signal, tell }, () =>
      takeCopy(services, masterOf(order), { order, signal, tell }),
    );
  });
}

/** Tries again where something fails that passes by itself, a few times. Throws the last failure, or the signal's reason. */
async function untilPassed(
  { clock, random }: RoleServices,
  { signal, tell }: Pick<RebuildPart, "signal" | "tell">,
  task: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await task();
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!PASSING.has(errorCodeOf(error)) || attempt >= TRIES_MAX) throw error;
      tell(`it starts over: ${messageOf(error)}`);
    }
    await clock.sleep(backoffMs(attempt, BACKOFF, random), signal);
  }
}

/** Who gives a copy, and how it is asked. */
interface Giver {
  readonly name: string;
  readonly url: string;
  /** Beside the name of who wants it. */
  readonly query: string;
  readonly isMaster: boolean;
}

function masterOf({ source }: RebuildOrder): Giver {
  return { name: "the master", url: source.url, query: "", isMaster: true };
}

/**
 * True where the slave gave a whole copy; the master gives it else. It may end before what this node has acked in its earlier life, so
 * that the node counts for no election until it has caught up, which is on the disk before anything is replaced.
 */
async function isCopiedFromSlave(
  services: RoleServices,
  slave: KnownLeader,
  part: RebuildPart,
): Promise<boolean> {
  const { events, identity, config } = services;
  const name = slave.nodeId ?? slave.url;
  // what is kept already may say more
  if (!(await owesHistory(config.dataDir)))
    await keepOwedHistory(config.dataDir, `a copy of the data of ${name} was taken`);
  try {
    await takeCopy(
      services,
      { name, url: slave.url, query: `&epoch=${part.order.epoch}`, isMaster: false },
      part,
    );
    return true;
  } catch (error) {
    part.signal.throwIfAborted();
    const words = `${identity.nodeId} got no whole copy from ${name}, and asks the master: ${messageOf(error)}`;
    part.tell(words);
    events.record("copy", words);
    return false;
  }
}

/** A part of a rebuild. */
export interface RebuildPart {
  readonly order: RebuildOrder;
  readonly signal: AbortSignal;
  readonly tell: (detail: string) => void;
}

async function takeCopy(
  services: RoleServices,
  giver: Giver,
  { order, signal, tell }: RebuildPart,
): Promise<void> {
  const { config, executor, endpoint, identity, logger } = services;
  await using client = services.peers.connect(giver.url);
  const path = `/replicate/snapshot?for=${encodeURIComponent(identity.nodeId)}${giver.query}`;
  const request = { method: "GET", path, headers: {}, body: undefined, isOwn: true };
  const take = () => client.forwardStream(request, { signal, timeoutMs: COPY_IDLE_MS });
  using copy = await (order.cause ? inCause(order.cause, take) : take());
  if (copy.status !== 200) throw await refusalOf(giver, copy);
  await restoreSnapshot({
    flavour: executor.server.flavour,
    endpoint,
    nodeAccounts: CLIENT_ACCOUNTS,
    ...copyPrograms(config),
    body: copy.body(),
    // while the server still counts as half restored
    admit: () => Promise.resolve(() => noteCopied(services, giver)),
    signal,
    onProgress: (progress) => tell(`${copyWords(progress)}, from ${giver.name}`),
    logger,
  });
  await forgetFailure(config.dataDir);
}

/** All of the copy is there: what was known of the data before is over. A master's has all that this node has ever acked. */
async function noteCopied({ config: { dataDir } }: RoleServices, { name, isMaster }: Giver): Promise<void> {
  await noteDataReplaced(dataDir);
  if ((await readOwedHistory(dataDir)) !== "parted") return;
  if (isMaster) await forgetOwedHistory(dataDir);
  else await keepOwedHistory(dataDir, `a copy of the data of ${name} was taken`);
}

async function refusalOf(
  { name }: Giver,
  copy: { readonly status: number; body(): AsyncIterable<Uint8Array> },
): Promise<UnderstudyError> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of copy.body()) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return new UnderstudyError(
    "snapshot-failed",
    `${name} gave no copy (${copy.status}): ${text.slice(0, 500)}`,
  );
}
