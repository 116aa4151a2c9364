import { ChangeSignal, DeadlinePassed, withDeadline, type Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { Role } from "../roles/role.ts";

/** The role that a node has now, or why it has none at the moment. */
export class RoleHolder {
  /** Notified when the role, or the reason why there is none, is another. */
  readonly changed = new ChangeSignal();
  readonly #nodeId: string;
  readonly #clock: Clock;
  #role: Role | null = null;
  #reason: string;
  #isOver = false;

  constructor(nodeId: string, clock: Clock) {
    this.#nodeId = nodeId;
    this.#clock = clock;
    this.#reason = "it has just started";
  }

  /** Null while there is none. */
  get role(): Role | null {
    return this.#role;
  }

  /** The node has this role from now on. */
  set(role: Role): void {
    this.#role = role;
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
