import { errorCodeOf } from "@understudy/protocol";
import type { UnderstudyClient } from "@understudy/client";
import { positionOf, type HistoryClient } from "./history-client.ts";

const REST_MS = 15;

/** How a mark is made: with a counter in one transaction, or as one row; `once` is a batch of one try without a key. */
export type MarkShape = "batch" | "execute" | "insert" | "once";

const INSERT = "INSERT INTO history.markers (marker) VALUES (?)";
const COUNT = "UPDATE history.counters SET n = n + 1 WHERE id = ?";

/** Leaves markers, each under a key of its own (but for `once`), with tries of its own at any node until it knows. */
export async function runMarkClient(client: HistoryClient, shape: MarkShape): Promise<void> {
  for (let number = 0; client.goesOn; number++) {
    const key = `${client.name}-${number}`;
    const { name, run } = client;
    const pending = run.history.begin({ client: name, node: "any", kind: "mark", key, value: null });
    const { path, body } = requestOf(shape, name, key);
    const end = await (shape === "once" ? client.writeOnce(path, body) : client.write(path, body, key));
    pending.returns({ outcome: end.outcome, node: end.node, position: positionOf(end.body) });
    await client.rest(REST_MS);
  }
}

function requestOf(shape: MarkShape, client: string, key: string): { path: string; body: unknown } {
  const insert = { sql: INSERT, params: [key] };
  switch (shape) {
    case "batch":
    case "once":
      return { path: "/batch", body: { statements: [insert, { sql: COUNT, params: [client] }] } };
    case "execute":
      return { path: "/execute", body: insert };
    case "insert":
      return { path: "/insert", body: { database: "history", table: "markers", record: { marker: key } } };
    default:
      return shape satisfies never;
  }
}

/** Leaves markers through `connect`, whose tries and keys are its own. Only what the client calls uncertain is unknown. */
export async function runConnectedClient(client: HistoryClient, connected: UnderstudyClient): Promise<void> {
  for (let number = 0; client.goesOn; number++) {
    const key = `${client.name}-${number}`;
    const { name, run } = client;
    const pending = run.history.begin({ client: name, node: "any", kind: "mark", key, value: null });
    try {
      const statements = [
        { sql: INSERT, params: [key] },
        { sql: COUNT, params: [name] },
      ];
      const { position } = await connected.batch({ statements });
      pending.returns({ outcome: "ok", position });
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === "internal") run.defects.push(`connect: ${String(error)}`);
      pending.returns({ outcome: code === "write-uncertain" ? "unknown" : "failed" });
    }
    await client.rest(REST_MS);
  }
}
