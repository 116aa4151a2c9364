import { parseJson } from "@understudy/kernel";
import type { EtcdEndpoint } from "./etcd-endpoint.ts";
import { EtcdFailure } from "./etcd-failure.ts";
import { etcdRefusal, notEtcd } from "./etcd-refusal.ts";
import { fieldOf } from "./gateway-json.ts";

/** Logs a user in, and keeps the token until it is said to be of no use any more. All members know a token. */
export class EtcdLogin {
  readonly #body: string;
  #token: string | null = null;
  #isNeeded = true;

  constructor({ user, password }: { readonly user: string; readonly password: string }) {
    this.#body = JSON.stringify({ name: user, password });
  }

  /** Null where etcd's authentication is off. Rejects with an `EtcdFailure` that says: what it was for is undone. */
  async token(endpoint: EtcdEndpoint, signal: AbortSignal): Promise<string | null> {
    if (this.#token !== null || !this.#isNeeded) return this.#token;
    try {
      this.#token = await this.#logIn(endpoint, signal);
    } catch (error) {
      if (!(error instanceof EtcdFailure)) throw error;
      if (error.kind !== "auth-off") {
        throw new EtcdFailure(error.message, { kind: error.kind, isUndone: true, cause: error });
      }
      this.#isNeeded = false;
    }
    return this.#token;
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
