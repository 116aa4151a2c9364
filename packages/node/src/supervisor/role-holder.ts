import { ChangeSignal, DeadlinePassed, withDeadline, type Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { Role } from "../roles/role.ts";

/** The role that a node has now, or why it has none at the moment. */
export class RoleHolder {
  /** Notified when the role, or the reason why there is none, is another. */
  readonly changed = new ChangeSignal();
  readonly #nodeId: string;
  readonly #clock: Clock;
  readonly #onTaken: ((kind: Role["kind"]) => void) | undefined;
  #role: Role | null = null;
  #lastKind: Role["kind"] | null = null;
  #reason: string;
  #isOver = false;

  /** `onTaken` is called for each role of another kind than the last one, and for the first. */
  constructor(nodeId: string, clock: Clock, onTaken?: (kind: Role["kind"]) => void) {
    this.#nodeId = nodeId;
    this.#clock = clock;
    this.#onTaken = onTaken;
    this.#reason = "it has just started";
  }

  /** Null while there is none. */
  get role(): Role | null {
    return this.#role;
  }

  /** The node has this role from now on. */
  set(role: Role): void {
    this.#role = role;
    if (role.kind !== this.#lastKind) this.#onTaken?.(role.kind);
    this.#lastKind = role.kind;
    this.changed.notify();
  }

  /** The node has no role for now. */
  clear(reason: string): void {
    this.#role = null;
    this.#reason = reason;
    this.changed.notify();
  }

  /** The node stops: nobody should wait for a role. */
  end(): void {
    this.#isOver = true;
    this.clear("it is stopping");
  }

  /** Throws `starting` with the reason while there is none. */
  current(): Role {
    if (this.#role) return this.#role;
    throw new UnderstudyError("starting", `${this.#nodeId} is starting: ${this.#reason}`);
  }

  /** Waits, for `ms` at most, while the role changes. Throws `starting`; rejects with the signal's reason. */
  async settled(ms: number, signal: AbortSignal): Promise<Role> {
    if (this.#role || ms === 0) return this.current();
    try {
      await withDeadline({ clock: this.#clock, ms, signal }, (bounded) =>
        this.changed.until(() => this.#role !== null || this.#isOver, bounded),
      );
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
    return this.current();
  }
}
