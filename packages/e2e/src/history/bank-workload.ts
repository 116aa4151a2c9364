import { firstNumber, positionOf, type HistoryClient } from "./history-client.ts";
import { endTransaction, TransactionCaller } from "./transaction-caller.ts";

/** Accounts of the bank, by their ids from 0. */
export const ACCOUNTS = 8;
/** What each account holds at first. */
export const BALANCE_INITIAL = 100;

const REST_MS = 15;

/** What moves money from one account to another; each statement with its parameters. */
interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/** Moves money by batches and by interactive transactions, which also leave a marker, and reads the total at any node, however fresh. */
export async function runBankClient(client: HistoryClient): Promise<void> {
  for (let number = 0; client.goesOn; number++) {
    const from = client.below(ACCOUNTS);
    const to = (from + 1 + client.below(ACCOUNTS - 1)) % ACCOUNTS;
    const transfer = { from, to, amount: 1 + client.below(20) };
    const key = `${client.name}-${number}`;
    if (client.random() < 0.5) await transferByBatch(client, key, transfer);
    else await transferByTransaction(client, key, transfer);
    for (let reads = client.below(4); reads > 0; reads--) await readTotal(client);
    await client.rest(REST_MS);
  }
}

function statementsOf({ from, to, amount }: Transfer): readonly { sql: string; params: readonly number[] }[] {
  const sql = "UPDATE history.accounts SET balance = balance + ? WHERE id = ?";
  return [
    { sql, params: [-amount, from] },
    { sql, params: [amount, to] },
  ];
}

async function transferByBatch(client: HistoryClient, key: string, transfer: Transfer): Promise<void> {
  const pending = client.run.history.begin({
    client: client.name,
    node: "any",
    kind: "transfer",
    key: `${transfer.from}→${transfer.to}`,
    value: transfer.amount,
  });
  const { outcome, node, body } = await client.write("/batch", { statements: statementsOf(transfer) }, key);
  pending.returns({ outcome, node, position: positionOf(body) });
}

/** Each call at another node; one in five is rolled back by intent. */
async function transferByTransaction(client: HistoryClient, key: string, transfer: Transfer): Promise<void> {
  const pending = client.run.history.begin({
    client: client.name,
    node: "any",
    kind: "mark",
    key,
    value: transfer.amount,
  });
  const transaction = await TransactionCaller.begin(client);
  if (!transaction) {
    pending.returns({ outcome: "failed" });
    return;
  }
  const [take, give] = statementsOf(transfer);
  const isWhole =
    (await transaction.execute(take)) &&
    (await transaction.seesMoneyMissing(transfer.amount, ACCOUNTS * BALANCE_INITIAL)) &&
    (await transaction.execute(give)) &&
    (await transaction.execute({ sql: "INSERT INTO history.markers (marker) VALUES (?)", params: [key] })) &&
    (await transaction.execute({
      sql: "UPDATE history.counters SET n = n + 1 WHERE id = ?",
      params: [client.name],
    }));
  const wish = isWhole && client.random() < 0.8 ? "commit" : "rollback";
  pending.returns(await endTransaction(client, transaction.id, wish));
}

async function readTotal(client: HistoryClient): Promise<void> {
  const node = client.pick(client.run.nodes);
  const pending = client.run.history.begin({
    client: client.name,
    node: node.nodeId,
    kind: "total",
    key: "total",
    value: null,
  });
  const freshness = client.pick([
    {},
    { consistency: "local" },
    { consistency: "bounded", maxLagMs: 10_000 },
    { consistency: "strong" },
  ]);
  const sql = "SELECT SUM(balance) AS total FROM history.accounts";
  const answer = await client.tryOnce("/query", { sql, ...freshness }, { node });
  if (answer?.status !== 200) pending.returns({ outcome: "failed" });
  else {
    const value = firstNumber(answer.body, "total");
    pending.returns({ outcome: "ok", value, position: positionOf(answer.body) });
  }
}
