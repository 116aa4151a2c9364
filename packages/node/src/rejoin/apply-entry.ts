import { isCodedError } from "@understudy/kernel";
import {
  QuarantineEntryAnswer,
  UnderstudyError,
  type QuarantineApplyRequest,
  type QuarantineManifest,
  type QuarantineReport,
} from "@understudy/protocol";
import { applyQuarantined } from "@understudy/quarantine";
import { connectRaw, parseDatabaseUrl } from "@understudy/sql-executor";
import { Value } from "typebox/value";
import type { NodeRuntime } from "../node-runtime.ts";
import { findEntry, withClient, type EntryPlace } from "./quarantines.ts";

const CONNECT_TIMEOUT_MS = 5000;
const ASK_MS = 10_000;
/** Rows are compared, and applied, one transaction after another. */
const READ_MS = 10 * 60_000;

/** An entry and where it is. */
interface EntryAt {
  readonly runtime: NodeRuntime;
  readonly id: string;
  readonly place: EntryPlace;
}

/**
 * Tries (`check`) or carries out (`apply`) what an entry of a quarantine holds, on this node, which must be the master. The report of an
 * `apply` is filed with the entry, wherever that is. Throws `not-found`, `quarantine-closed` for one that was discarded.
 */
export async function applyEntry(
  runtime: NodeRuntime,
  {
    id,
    request,
    signal,
  }: { readonly id: string; readonly request: QuarantineApplyRequest; readonly signal: AbortSignal },
): Promise<QuarantineReport> {
  const { services } = runtime;
  const { executor } = runtime.running();
  const endpoint = parseDatabaseUrl(services.config.databaseUrl.reveal());
  const at: EntryAt = { runtime, id, place: await findEntry(runtime, id, signal) };
  const report = await applyQuarantined({
    entry: { manifest: await manifestOf(at, signal), raw: (reading) => rawOf(at, reading) },
    connect: (connecting) =>
      connectRaw(endpoint, { timeoutMs: CONNECT_TIMEOUT_MS, multipleStatements: true, signal: connecting }),
    flavour: executor.server.flavour,
    mode: request.mode,
    onConflict: request.onConflict,
    clock: services.clock,
    logger: services.logger,
    signal,
  });
  if (request.mode === "apply") await fileReport(at, report);
  return report;
}

/** Throws `quarantine-closed`. */
async function manifestOf({ runtime, id, place }: EntryAt, signal: AbortSignal): Promise<QuarantineManifest> {
  if (place.kind === "here") {
    await place.quarantine.openFolder(id);
    return (await place.quarantine.get(id)).manifest;
  }
  const answer = await withClient(runtime, place.member, (client) =>
    client.forward(
      { method: "GET", path: pathOf(id, "?own=true&limit=1"), headers: {}, body: undefined, isOwn: true },
      { signal, timeoutMs: ASK_MS },
    ),
  );
  const told: unknown = JSON.parse(answer.body.toString("utf8"));
  if (!Value.Check(QuarantineEntryAnswer, told)) {
    throw new UnderstudyError("node-unreachable", `${place.member.nodeId} does not tell of the entry ${id}`);
  }
  if (told.entry.discarded) {
    throw new UnderstudyError(
      "quarantine-closed",
      `the entry ${id} was discarded: ${told.entry.discarded.reason}`,
    );
  }
  return told.entry.manifest;
}

async function* rawOf({ runtime, id, place }: EntryAt, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (place.kind === "here") {
    yield* place.quarantine.raw(id, signal);
    return;
  }
  const { member } = place;
  await using client = runtime.services.peers.connect(member.url);
  const request = { method: "GET", path: pathOf(id, "/raw"), headers: {}, body: undefined, isOwn: true };
  using stream = await client.forwardStream(request, { signal, timeoutMs: READ_MS });
  if (stream.status !== 200) {
    throw new UnderstudyError(
      "node-unreachable",
      `${member.nodeId} does not give the entry ${id} (${stream.status})`,
    );
  }
  yield* stream.body();
}

/** What was applied is marked in the data itself, so that a report that can't be filed loses nothing. */
async function fileReport({ runtime, id, place }: EntryAt, report: QuarantineReport): Promise<void> {
  if (place.kind === "here") {
    await place.quarantine.fileReport(id, report);
    return;
  }
  await withClient(runtime, place.member, async (client) => {
    const request = {
      method: "POST",
      path: pathOf(id, "/report"),
      headers: { "content-type": "application/json" },
      body: JSON.stringify(report),
      isOwn: true,
    };
    await client.forward(request, { timeoutMs: ASK_MS });
  }).catch((error: unknown) => {
    if (!isCodedError(error)) throw error;
  });
}

function pathOf(id: string, rest: string): string {
  return `/cluster/quarantine/${encodeURIComponent(id)}${rest}`;
}
