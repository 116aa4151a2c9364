import type { Return } from "./history.ts";
import { firstNumber, positionOf, type HistoryClient } from "./history-client.ts";

const IDLE_MS = 3_000;
const MAX_MS = 10_000;
/** After its limits everybody knows how it ended. */
const TELL_FOR_MS = 20_000;
const TELL_PAUSE_MS = 50;

/** An interactive transaction whose calls each go to some node. A call without an answer ends the use of it: it may have run. */
export class TransactionCaller {
  readonly id: string;
  readonly #client: HistoryClient;

  private constructor(client: HistoryClient, id: string) {
    this.#client = client;
    this.id = id;
  }

  /** Null where none was begun, as far as is known: one whose answer was lost rolls itself back. */
  static async begin(client: HistoryClient): Promise<TransactionCaller | null> {
    const answer = await client.tryOnce("/transactions", { idleTimeoutMs: IDLE_MS, maxMs: MAX_MS });
    const id = answer?.status === 201 ? answer.body["id"] : null;
    return typeof id === "string" ? new TransactionCaller(client, id) : null;
  }

  /** True where it is done for certain. */
  async execute(
    statement: { readonly sql: string; readonly params: readonly (string | number)[] } | undefined,
  ): Promise<boolean> {
    const answer = await this.#client.tryOnce(`/transactions/${this.id}/execute`, statement);
    return answer?.status === 200;
  }

  /** In the midst of a transfer the transaction itself, and nobody else, sees that money is missing. False where there is no answer. */
  async seesMoneyMissing(amount: number, total: number): Promise<boolean> {
    const sql = "SELECT SUM(balance) AS total FROM history.accounts";
    const answer = await this.#client.tryOnce(`/transactions/${this.id}/query`, { sql });
    if (answer?.status !== 200) return false;
    const seen = firstNumber(answer.body, "total");
    if (seen !== total - amount) {
      this.#client.run.defects.push(
        `transaction ${this.id} sees a total of ${seen} after it took ${amount} of ${total}`,
      );
    }
    return true;
  }
}

/** Ends a transaction and finds out how it ended, if need be by asking for its outcome again and again. */
export async function endTransaction(
  client: HistoryClient,
  id: string,
  wish: "commit" | "rollback",
): Promise<Return> {
  const answer = await client.tryOnce(`/transactions/${id}/${wish}`, {});
  if (answer?.status === 200) {
    const state = answer.body["state"];
    if (state === "committed") return { outcome: "ok", position: positionOf(answer.body) };
    if (state === "rolled-back") return { outcome: "failed" };
    client.run.defects.push(`${wish} of a transaction answered ${answer.text}`);
  }
  const deadlineMs = client.run.clock.monotonicMs() + TELL_FOR_MS;
  while (client.run.clock.monotonicMs() < deadlineMs) {
    const state = await stateOf(client, id);
    if (state === "committed") return { outcome: "ok" };
    if (state === "rolled-back") return { outcome: "failed" };
    await client.run.clock.sleep(TELL_PAUSE_MS);
  }
  return { outcome: "unknown" };
}

async function stateOf(client: HistoryClient, id: string): Promise<unknown> {
  const node = client.pick(client.run.nodes);
  try {
    const answer = await node.get(`/transactions/${id}`, { timeoutMs: 5_000 });
    client.judge(`/transactions/{id} at ${node.nodeId}`, answer);
    return answer.status === 200 ? answer.body["state"] : null;
  } catch {
    return null;
  }
}
