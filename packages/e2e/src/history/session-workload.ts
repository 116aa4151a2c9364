import type { Session } from "@understudy/client";
import { errorCodeOf } from "@understudy/protocol";
import { firstNumber, positionOf, type HistoryClient } from "./history-client.ts";

const REST_MS = 15;
const WAIT_MS = 6_000;
/** The empty history: a read that names it is a session's first. */
const NOTHING_YET = "0:";

const READ = "SELECT value FROM history.registers WHERE id = ?";
/** An older write of unknown outcome may still come: it must not undo a newer one. */
const WRITE = "UPDATE history.registers SET value = ? WHERE id = ? AND value < ?";

/**
 * Writes its own register with growing values, reads its own and the others', at any node, and carries the last position that it was given
 * into each read.
 */
export async function runSessionClient(client: HistoryClient, all: readonly string[]): Promise<void> {
  let position = NOTHING_YET;
  for (let value = 1; client.goesOn;) {
    if (client.random() < 0.4) {
      position = (await writeOwn(client, value)) ?? position;
      value++;
    } else {
      position =
        (await readAfter(client, client.random() < 0.6 ? client.name : client.pick(all), position)) ??
        position;
    }
    await client.rest(REST_MS);
  }
}

async function writeOwn(client: HistoryClient, value: number): Promise<string | null> {
  const { name, run } = client;
  const pending = run.history.begin({ client: name, node: "any", kind: "write", key: name, value });
  const end = await client.write(
    "/execute",
    { sql: WRITE, params: [value, name, value] },
    `${name}-${value}`,
  );
  const position = end.outcome === "ok" ? positionOf(end.body) : null;
  if (end.outcome === "ok" && position === null) run.defects.push(`a write at ${end.node} names no position`);
  pending.returns({ outcome: end.outcome, node: end.node, position });
  return position;
}

async function readAfter(client: HistoryClient, key: string, after: string): Promise<string | null> {
  const node = client.pick(client.run.nodes);
  const { name, run } = client;
  const pending = run.history.begin({ client: name, node: node.nodeId, kind: "read", key, value: null });
  const body = { sql: READ, params: [key], after, waitMs: WAIT_MS };
  const answer = await client.tryOnce("/query", body, { node });
  const value = answer?.status === 200 ? firstNumber(answer.body, "value") : null;
  if (!answer || value === null) {
    if (answer?.status === 200) run.defects.push(`${key} has no row at ${node.nodeId}`);
    pending.returns({ outcome: "failed" });
    return null;
  }
  const position = positionOf(answer.body);
  pending.returns({ outcome: "ok", value, position });
  return position;
}

/** As {@link runSessionClient}, through a session of the client library, which carries the positions by itself. */
export async function runConnectedSession(
  client: HistoryClient,
  session: Session,
  all: readonly string[],
): Promise<void> {
  const { name, run } = client;
  for (let written = 0; client.goesOn;) {
    const isWrite = client.random() < 0.4;
    const key = isWrite || client.random() < 0.6 ? name : client.pick(all);
    const value = isWrite ? ++written : null;
    const kind = isWrite ? "write" : "read";
    const pending = run.history.begin({ client: name, node: "any", kind, key, value });
    try {
      if (isWrite) {
        const { position } = await session.execute(WRITE, [written, key, written]);
        pending.returns({ outcome: "ok", position });
      } else {
        const { rows, node, position } = await session.query<{ value: string }>(READ, [key]);
        pending.returns({ outcome: "ok", node, value: Number(rows[0]?.value), position });
      }
    } catch (error) {
      if (errorCodeOf(error) === "internal") run.defects.push(`a session of connect: ${String(error)}`);
      pending.returns({ outcome: isWrite ? "unknown" : "failed" });
    }
    await client.rest(REST_MS);
  }
}
