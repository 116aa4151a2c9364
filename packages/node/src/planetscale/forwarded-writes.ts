import { parseGtidPosition } from "@understudy/binlog";
import { formatPosition, parsePosition, type Flavour } from "@understudy/protocol";
import type { SlaveRole } from "../roles/slave-role.ts";
import { WrittenPosition } from "../roles/written-position.ts";

/**
 * What the drivers at this slave have written through it. Most of them forget their session after each call, and would not find
 * their own writes here; so reads that carry no position wait for all of these.
 */
export class ForwardedWrites {
  readonly #flavour: Flavour;
  readonly #role: SlaveRole;
  readonly #written: WrittenPosition;
  #isEmpty = true;

  constructor(flavour: Flavour, role: SlaveRole) {
    this.#flavour = flavour;
    this.#role = role;
    this.#written = new WrittenPosition(() => role.applier.position);
  }

  /** Takes note of where a write is. */
  note(position: string): void {
    this.#written.note(parseGtidPosition(this.#flavour, parsePosition(position).gtid));
    this.#isEmpty = false;
  }

  /** The position that has all of them; undefined where there was none. */
  position(): string | undefined {
    if (this.#isEmpty) return undefined;
    return formatPosition({ epoch: this.#role.epoch, gtid: this.#written.current().toString() });
  }
}
