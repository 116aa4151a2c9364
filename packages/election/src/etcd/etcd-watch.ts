import {
  anySignal,
  backoffMs,
  DeadlinePassed,
  messageOf,
  orAbort,
  withDeadline,
  type Clock,
  type Logger,
  type Random,
} from "@understudy/kernel";
import { connectionFailure, EtcdFailure } from "./etcd-failure.ts";
import type { EtcdGateway, OpenGatewayStream } from "./etcd-gateway.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import { MalformedAnswer } from "./gateway-json.ts";
import { readJsonLines } from "./read-json-lines.ts";
import { readWatchMessage, type WatchNews } from "./watch-message.ts";
import { afterMessage, START_OF_WATCH, type WatchPosition } from "./watch-position.ts";

interface EtcdWatchDeps {
  readonly gateway: EtcdGateway;
  readonly keys: EtcdKeys;
  readonly requestTimeoutMs: number;
  readonly idleMs: number;
  readonly lineBytesMax: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const BACKOFF = { baseMs: 100, maxMs: 2_000 };

/** Follows the changes of one prefix from the first connection's revision on, over as many connections as that takes. */
export class EtcdWatch {
  readonly #deps: EtcdWatchDeps;
  readonly #onChange: (keys: readonly string[]) => void;
  #position: WatchPosition = START_OF_WATCH;
  #failuresInRow = 0;

  constructor(deps: EtcdWatchDeps, onChange: (keys: readonly string[]) => void) {
    this.#deps = deps;
    this.#onChange = onChange;
  }

  /** Resolves when `callSignal` aborts or the gateway is closed; rejects only with what `onChange` throws. */
  async run(callSignal: AbortSignal): Promise<void> {
    const { clock, random, gateway, logger } = this.#deps;
    const signal = anySignal(callSignal, gateway.closed);
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof OnChangeFailed) throw error.cause;
        const level = this.#failuresInRow === 0 ? "warn" : "debug";
        logger[level](
          { event: "etcd-watch-broken", err: error },
          `the watch begins anew: ${messageOf(error)}`,
        );
        const ms = backoffMs(this.#failuresInRow++, BACKOFF, random);
        await clock.sleep(ms, signal).catch(() => undefined);
      }
    }
  }

  /** One connection: returns where the next one is to begin at once, throws where it should wait. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { gateway, keys } = this.#deps;
    const { nextRevision } = this.#position;
    const create = {
      ...keys.range,
      ...(nextRevision === 0n ? {} : { start_revision: String(nextRevision) }),
    };
    const stream = await gateway.open("/v3/watch", { create_request: create }, signal);
    try {
      await this.#readAll(stream, signal);
    } catch (error) {
      const failure = asFailure(error);
      if (failure && !signal.aborted) {
        stream.noteFailure(failure);
        // 3.4 says of an expired token that permission is denied
        if (failure.kind === "permission" || failure.kind === "token") gateway.forgetToken();
      }
      throw failure ?? error;
    } finally {
      await stream.close();
    }
  }

  async #readAll(stream: OpenGatewayStream, signal: AbortSignal): Promise<void> {
    const { keys, requestTimeoutMs, idleMs, lineBytesMax } = this.#deps;
    const lines = readJsonLines(stream.body, lineBytesMax);
    let isCreated = false;
    for (;;) {
      const next = await this.#next(lines, isCreated ? idleMs : requestTimeoutMs, signal);
      if (next === "idle") {
        if (isCreated) return;
        throw new EtcdFailure("begins no watch in time", { kind: "unreachable", isUndone: true });
      }
      const message = readWatchMessage(next, keys);
      if (message.kind === "failed") throw message.failure;
      isCreated ||= message.kind === "created";
      this.#failuresInRow = 0;
      if (!this.#goesOnAfter(message)) return;
    }
  }

  async #next(lines: AsyncGenerator, ms: number, signal: AbortSignal): Promise<unknown> {
    try {
      const { clock } = this.#deps;
      const next = await withDeadline({ clock, ms, signal }, (bounded) => orAbort(lines.next(), bounded));
      if (next.done !== true) return next.value;
    } catch (error) {
      if (error instanceof DeadlinePassed) return "idle";
      throw error;
    }
    throw new EtcdFailure("ended the watch", { kind: "unreachable", isUndone: true });
  }

  #goesOnAfter(message: WatchNews): boolean {
    const { position, told, goesOn } = afterMessage(this.#position, message);
    if (told !== null) {
      try {
        this.#onChange(told);
      } catch (error) {
        throw new OnChangeFailed("onChange threw", { cause: error });
      }
    }
    this.#position = position;
    return goesOn;
  }
}

class OnChangeFailed extends Error {}

function asFailure(error: unknown): EtcdFailure | undefined {
  if (error instanceof OnChangeFailed) return undefined;
  if (error instanceof MalformedAnswer) {
    const text = `answers what a watch of etcd does not: ${error.message}`;
    return new EtcdFailure(text, { kind: "unreachable", isUndone: true, cause: error });
  }
  return connectionFailure(error, { isUndone: true, isTls: false });
}
