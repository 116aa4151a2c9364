import { UnderstudyError } from "@understudy/protocol";
import { EVENT_HEADER_BYTES, EVENT_LENGTH_OFFSET } from "./decode-event.ts";

const LENGTH_KNOWN_AFTER_BYTES = EVENT_LENGTH_OFFSET + 4;
const FIRST_ALLOCATION_BYTES = 64 * 1024;

/**
 * Cuts a stream of bytes into events by the length in their headers. Holds at most one event that is not complete yet, and
 * takes memory for it only as its bytes arrive. Events that lie within one chunk share its memory.
 */
export class EventCutter {
  readonly #eventBytesMin: number;
  readonly #eventBytesMax: number;
  #partial: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(limits: { readonly trailerBytes: number; readonly eventBytesMax: number }) {
    this.#eventBytesMin = EVENT_HEADER_BYTES + limits.trailerBytes;
    this.#eventBytesMax = limits.eventBytesMax;
  }

  /** Bytes of the event that is not complete yet. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** Takes the next bytes and gives the events that they complete. Throws `binlog-corrupt` for an impossible length. */
  push(chunk: Buffer): Buffer[] {
    const events: Buffer[] = [];
    let offset = this.#filled > 0 ? this.#complete(chunk, events) : 0;
    while (chunk.length - offset >= LENGTH_KNOWN_AFTER_BYTES) {
      const end = offset + this.#checkedLength(chunk.readUInt32LE(offset + EVENT_LENGTH_OFFSET));
      if (end > chunk.length) break;
      events.push(chunk.subarray(offset, end));
      offset = end;
    }
    if (offset < chunk.length) this.#keep(chunk.subarray(offset));
    return events;
  }

  /** Completes the pending event as far as `chunk` goes; gives how much of `chunk` that took. */
  #complete(chunk: Buffer, events: Buffer[]): number {
    let offset = 0;
    if (this.#filled < LENGTH_KNOWN_AFTER_BYTES) {
      offset = Math.min(LENGTH_KNOWN_AFTER_BYTES - this.#filled, chunk.length);
      this.#keep(chunk.subarray(0, offset));
      if (this.#filled < LENGTH_KNOWN_AFTER_BYTES) return offset;
    }
    const length = this.#checkedLength(this.#partial.readUInt32LE(EVENT_LENGTH_OFFSET));
    const taken = Math.min(length - this.#filled, chunk.length - offset);
    this.#keep(chunk.subarray(offset, offset + taken));
    if (this.#filled === length) {
      events.push(this.#partial.subarray(0, length));
      this.#partial = Buffer.alloc(0);
      this.#filled = 0;
    }
    return offset + taken;
  }

  #keep(bytes: Buffer): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#partial.length) {
      const grown = Buffer.allocUnsafe(this.#capacityFor(needed, bytes));
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#filled);
    this.#filled = needed;
  }

  /** Doubles, but never beyond the event's own length, so that no memory is lost on a large one. */
  #capacityFor(needed: number, bytes: Buffer): number {
    const doubled = Math.max(needed, this.#partial.length * 2, FIRST_ALLOCATION_BYTES);
    const head = this.#filled > 0 ? this.#partial : bytes;
    const isLengthKnown = (this.#filled > 0 ? this.#filled : bytes.length) >= LENGTH_KNOWN_AFTER_BYTES;
    if (!isLengthKnown) return needed;
    return Math.max(needed, Math.min(doubled, head.readUInt32LE(EVENT_LENGTH_OFFSET)));
  }

  #checkedLength(length: number): number {
    if (length >= this.#eventBytesMin && length <= this.#eventBytesMax) return length;
    throw new UnderstudyError(
      "binlog-corrupt",
      `an event says it has ${length} bytes; possible are ${this.#eventBytesMin} to ${this.#eventBytesMax}`,
    );
  }
}
