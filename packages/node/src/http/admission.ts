import { ChangeSignal } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** What an {@link Admission} allows at a time. */
export interface AdmissionLimits {
  /** Requests under way. */
  readonly requestsMax: number;
  /** Bytes of their bodies. */
  readonly bodiesBytesMax: number;
  /** Connections that may carry such requests. */
  readonly connectionsMax: number;
}

/** What there was too much of. */
export const REFUSAL_REASONS = ["requests", "bodies", "connections"] as const;
/** @see REFUSAL_REASONS */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** A share of what is under way; `release` gives it back, once. */
export interface Held {
  release(): void;
}

/** A share that grows with the bytes that arrive. */
export interface HeldBytes extends Held {
  /** Throws `overloaded`, and has released what it held then. */
  add(bytes: number): void;
}

/** Counts what clients have under way, and refuses at once what is too much: waiting would only make a queue of it. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #refused: Record<RefusalReason, number> = { requests: 0, bodies: 0, connections: 0 };
  #requests = 0;
  #bodiesBytes = 0;
  #connections = 0;
  readonly #ended = new ChangeSignal();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Requests under way. */
  get requests(): number {
    return this.#requests;
  }

  /** Bytes of their bodies. */
  get bodiesBytes(): number {
    return this.#bodiesBytes;
  }

  /** How many were refused, by reason, since the start. */
  get refused(): Readonly<Record<RefusalReason, number>> {
    return this.#refused;
  }

  /** Throws `overloaded`. */
  beginRequest(): Held {
    const { requestsMax } = this.#limits;
    if (this.#requests >= requestsMax) {
      throw this.refuse("requests", `${requestsMax} requests are under way (UNDERSTUDY_REQUESTS_MAX)`);
    }
    this.#requests += 1;
    return once(() => {
      this.#requests -= 1;
      this.#ended.notify();
    });
  }

  /** Resolves when no request is under way. Rejects with the signal's reason. */
  async idle(signal: AbortSignal): Promise<void> {
    await this.#ended.until(() => this.#requests === 0, signal);
  }

  /** Counts a body as it arrives. */
  beginBody(): HeldBytes {
    let held = 0;
    let isReleased = false;
    const release = (): void => {
      this.#bodiesBytes -= held;
      held = 0;
      isReleased = true;
    };
    return {
      release,
      add: (bytes) => {
        const { bodiesBytesMax } = this.#limits;
        // what comes after the end is thrown away by whoever reads it
        if (isReleased) return;
        if (this.#bodiesBytes + bytes > bodiesBytesMax) {
          release();
          throw this.refuse(
            "bodies",
            `the bodies of requests under way hold ${bodiesBytesMax} bytes (UNDERSTUDY_BODIES_BYTES_MAX)`,
          );
        }
        held += bytes;
        this.#bodiesBytes += bytes;
      },
    };
  }

  /** Counts a connection; `isExcess` where it is one too many, so that nothing of clients may run on it. */
  beginConnection(): Held & { readonly isExcess: boolean } {
    this.#connections += 1;
    const isExcess = this.#connections > this.#limits.connectionsMax;
    const held = once(() => {
      this.#connections -= 1;
    });
    return { ...held, isExcess };
  }

  /** Counts a refusal and gives its error. */
  refuse(reason: RefusalReason, message: string): UnderstudyError {
    this.#refused[reason] += 1;
    return new UnderstudyError("overloaded", message);
  }
}

function once(task: () => void): Held {
  let isDone = false;
  return {
    release: () => {
      if (isDone) return;
      isDone = true;
      task();
    },
  };
}
