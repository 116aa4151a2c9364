import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** How long the outcome of a transaction can be asked for, from its begin. */
export const OUTCOME_KEPT_MS = 24 * 3_600_000;

const RANDOM_BYTES = 16;
const TIME_BYTES = 6;
/** Makes the whole a multiple of three, so that base64 has one way to write it. */
const MAC_BYTES = 17;
const ID_BYTES = RANDOM_BYTES + TIME_BYTES + MAC_BYTES;
const ID_TEXT = /^[A-Za-z0-9_-]{52}$/;

/**
 * Makes ids of interactive transactions and tells those that a node of this cluster made from invented ones, although nobody
 * keeps a list: an id is 128 random bits, the time of its making, and a MAC of both under the cluster's secret.
 */
export class TransactionIds {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;

  constructor(secret: Uint8Array, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  issue(): string {
    const head = Buffer.alloc(RANDOM_BYTES + TIME_BYTES);
    randomBytes(RANDOM_BYTES).copy(head);
    head.writeUIntBE(Math.trunc(this.#clock.nowMs()), RANDOM_BYTES, TIME_BYTES);
    return Buffer.concat([head, this.#mac(head)]).toString("base64url");
  }

  /** Throws `not-found` for what no node of this cluster has issued, and for what is too old for its outcome to be known. */
  check(id: string): void {
    const bytes = ID_TEXT.test(id) ? Buffer.from(id, "base64url") : Buffer.alloc(0);
    const head = bytes.subarray(0, RANDOM_BYTES + TIME_BYTES);
    const isIssued =
      bytes.length === ID_BYTES && timingSafeEqual(bytes.subarray(head.length), this.#mac(head));
    if (!isIssued) throw new UnderstudyError("not-found", "there never was a transaction of this id");
    if (this.#clock.nowMs() - head.readUIntBE(RANDOM_BYTES, TIME_BYTES) > OUTCOME_KEPT_MS) {
      throw new UnderstudyError("not-found", "the transaction is so old that its outcome is no longer kept");
    }
  }

  #mac(head: Uint8Array): Buffer {
    const mac = createHmac("sha256", this.#secret).update("understudy transaction\n").update(head);
    return mac.digest().subarray(0, MAC_BYTES);
  }
}
