import { DeadlinePassed, orAbort, parseJson, withDeadline, type Clock } from "@understudy/kernel";
import type { EtcdEndpoint } from "./etcd-endpoint.ts";
import { EtcdFailure } from "./etcd-failure.ts";
import { etcdRefusal, notEtcd } from "./etcd-refusal.ts";
import { fieldOf } from "./gateway-json.ts";

/** A member that is busy takes its time to compare the password's hash. */
const LOGIN_MS = 10_000;

/**
 * Logs a user in, and keeps the token until it is said to be of no use any more. All members know a token. A log-in goes on when those who
 * wait for it give up, so that the next ones find its token: each costs etcd much, and many that are given up keep it from ending any.
 */
export class EtcdLogin implements Disposable {
  readonly #body: string;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  /** One at a time for each member. */
  readonly #underWay = new Map<EtcdEndpoint, Promise<void>>();
  #token: string | null = null;
  #isNeeded = true;

  constructor({ user, password }: { readonly user: string; readonly password: string }, clock: Clock) {
    this.#clock = clock;
    this.#body = JSON.stringify({ name: user, password });
  }

  /** Ends log-ins that nobody waits for any more. */
  [Symbol.dispose](): void {
    this.#closing.abort(new DOMException("the etcd store is closed", "AbortError"));
  }

  /** Null where etcd's authentication is off. Rejects with an `EtcdFailure` that says: what it was for is undone. */
  async token(endpoint: EtcdEndpoint, signal: AbortSignal): Promise<string | null> {
    if (this.#token !== null || !this.#isNeeded) return this.#token;
    let logIn = this.#underWay.get(endpoint);
    if (!logIn) {
      logIn = this.#renew(endpoint).finally(() => this.#underWay.delete(endpoint));
      logIn.catch(() => undefined);
      this.#underWay.set(endpoint, logIn);
    }
    try {
      await orAbort(logIn, signal);
    } catch (error) {
      if (error instanceof DeadlinePassed && signal.aborted) {
        throw new EtcdFailure("gives no answer in time", {
          kind: "unreachable",
          isUndone: true,
          cause: error,
        });
      }
      if (!(error instanceof EtcdFailure)) throw error;
      throw new EtcdFailure(error.message, { kind: error.kind, isUndone: true, cause: error });
    }
    return this.#token;
  }

  async #renew(endpoint: EtcdEndpoint): Promise<void> {
    try {
      this.#token = await withDeadline(
        { clock: this.#clock, ms: LOGIN_MS, signal: this.#closing.signal },
        (bounded) => this.#logIn(endpoint, bounded),
      );
    } catch (error) {
      if (!(error instanceof EtcdFailure) || error.kind !== "auth-off") throw error;
      this.#isNeeded = false;
    }
  }

  /** Without an argument, or while `token` is the current one: the next call logs in anew. */
  forget(token: string | null = this.#token): void {
    if (token !== this.#token) return;
    this.#token = null;
    this.#isNeeded = true;
  }

  async #logIn(endpoint: EtcdEndpoint, signal: AbortSignal): Promise<string> {
    const answer = await endpoint.post(
      { path: "/v3/auth/authenticate", body: this.#body, token: null },
      signal,
    );
    const json = parseJson(answer.text);
    const refusal = etcdRefusal(json);
    if (refusal) throw refusal;
    const token = fieldOf(json, "token");
    // what it answers is not quoted: it may hold a token
    if (answer.status !== 200 || typeof token !== "string" || token === "") throw notEtcd(answer.status, "");
    return token;
  }
}
