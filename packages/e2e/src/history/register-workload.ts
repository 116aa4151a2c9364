import { firstNumber, positionOf, type HistoryClient } from "./history-client.ts";

/** What every register of {@link runRegisterClient} holds at first. */
export const REGISTER_INITIAL = 0;

const REST_MS = 15;

/** Reads registers with `strong`, overwrites them, and swaps what it read last, all at any node. Values are of `nextValue` and unique. */
export async function runRegisterClient(
  client: HistoryClient,
  registers: readonly string[],
  nextValue: () => number,
): Promise<void> {
  const lastRead = new Map<string, number>();
  while (client.goesOn) {
    const key = client.pick(registers);
    const chance = client.random();
    const expected = lastRead.get(key);
    if (chance < 0.5) await readStrong(client, key, lastRead);
    else if (chance < 0.75 || expected === undefined) await overwrite(client, key, nextValue());
    else await swap(client, key, { expected, value: nextValue() });
    await client.rest(REST_MS);
  }
}

async function readStrong(client: HistoryClient, key: string, lastRead: Map<string, number>): Promise<void> {
  const node = client.pick(client.run.nodes);
  const pending = client.run.history.begin({
    client: client.name,
    node: node.nodeId,
    kind: "read",
    key,
    value: null,
  });
  const sql = "SELECT value FROM history.registers WHERE id = ?";
  const answer = await client.tryOnce("/query", { sql, params: [key], consistency: "strong" }, { node });
  const value = answer?.status === 200 ? firstNumber(answer.body, "value") : null;
  if (answer?.status === 200 && value === null)
    client.run.defects.push(`${key} has no row at ${node.nodeId}`);
  if (value !== null) lastRead.set(key, value);
  pending.returns(
    value === null || !answer
      ? { outcome: "failed" }
      : { outcome: "ok", value, position: positionOf(answer.body) },
  );
}

async function overwrite(client: HistoryClient, key: string, value: number): Promise<void> {
  const pending = client.run.history.begin({ client: client.name, node: "any", kind: "write", key, value });
  const { outcome, node, body } =
    client.random() < 0.5
      ? await client.write(
          "/execute",
          { sql: "UPDATE history.registers SET value = ? WHERE id = ?", params: [value, key] },
          `${client.name}-${value}`,
        )
      : await client.write(
          "/update",
          { database: "history", table: "registers", set: { value }, where: { id: key } },
          `${client.name}-${value}`,
        );
  pending.returns({ outcome, node, position: positionOf(body) });
}

async function swap(
  client: HistoryClient,
  key: string,
  { expected, value }: { readonly expected: number; readonly value: number },
): Promise<void> {
  const pending = client.run.history.begin({
    client: client.name,
    node: "any",
    kind: "swap",
    key,
    value,
    expected,
  });
  const { outcome, node, body } = await client.write(
    "/execute",
    {
      sql: "UPDATE history.registers SET value = ? WHERE id = ? AND value = ?",
      params: [value, key, expected],
    },
    `${client.name}-${value}`,
  );
  const swapped = outcome === "ok" ? { swapped: body["affectedRows"] === 1 } : {};
  pending.returns({ outcome, node, position: positionOf(body), ...swapped });
}
