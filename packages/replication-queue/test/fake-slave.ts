import { emptyPosition, readEventStream, TransactionGrouper, type GtidPosition } from "@understudy/binlog";
import { ChangeSignal } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { Delivery, SlaveEndpoint } from "../src/index.ts";

/** What a fake slave does with its next delivery. */
export type Behaviour = "apply" | "fail-before" | "fail-after" | "hang" | "break";

/** A slave in memory that keeps order and de-duplicates as the real applier does, and misbehaves on demand. */
export class FakeSlave implements SlaveEndpoint {
  readonly nodeId: string;
  /** Every transaction that it committed, in order. */
  readonly applied: string[] = [];
  readonly deliveries: { readonly transactions: number; readonly isStream: boolean }[] = [];
  readonly #accepted = new ChangeSignal();
  behaviour: () => Behaviour = () => "apply";
  #position: GtidPosition = emptyPosition("mariadb");
  #underway = 0;
  /** Most deliveries that were under way at once. */
  underwayMax = 0;

  constructor(nodeId: string) {
    this.nodeId = nodeId;
  }

  get committed(): GtidPosition {
    return this.#position;
  }

  set committed(position: GtidPosition) {
    this.#position = position;
  }

  async position(): Promise<GtidPosition> {
    return this.#position;
  }

  async deliver(delivery: Delivery, signal: AbortSignal): Promise<GtidPosition> {
    this.#underway++;
    this.underwayMax = Math.max(this.underwayMax, this.#underway);
    try {
      return await this.#take(delivery, signal);
    } finally {
      this.#underway--;
    }
  }

  async #take(delivery: Delivery, signal: AbortSignal): Promise<GtidPosition> {
    const { body } = delivery;
    const behaviour = this.behaviour();
    if (behaviour === "fail-before") throw new UnderstudyError("node-unreachable", "cut before");
    if (behaviour === "hang") await new ChangeSignal().until(() => false, signal);
    if (behaviour === "break") throw new UnderstudyError("apply-failed", "a row is not there");
    await this.#accepted.until(() => this.#position.contains(delivery.after), signal);
    this.deliveries.push({ transactions: delivery.transactions, isStream: !Buffer.isBuffer(body) });
    const grouper = new TransactionGrouper("mariadb");
    let open = "";
    for await (const events of readEventStream(Buffer.isBuffer(body) ? once(body) : body)) {
      for (const part of events.flatMap((event) => grouper.push(event))) {
        if (part.kind === "begin") open = part.header.gtid;
        if (part.kind === "end") this.#commit(open);
      }
    }
    if (behaviour === "fail-after") throw new UnderstudyError("node-unreachable", "cut after");
    return this.#position;
  }

  #commit(gtid: string): void {
    if (this.#position.containsGtid(gtid)) return;
    this.applied.push(gtid);
    this.#position = this.#position.withGtid(gtid);
    this.#accepted.notify();
  }
}

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}
