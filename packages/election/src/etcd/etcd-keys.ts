import { base64TextOf, int64Of, MalformedAnswer, toBase64 } from "./gateway-json.ts";
import type { StoreChange, StoredKey } from "../coordination-store.ts";

/** The keys below one prefix, as the gateway writes them. */
export class EtcdKeys {
  readonly #prefix: string;

  /** `prefix` ends with a slash. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** All of them, as a range: a key and the first one behind them. */
  get range(): { readonly key: string; readonly range_end: string } {
    return { key: toBase64(this.#prefix), range_end: toBase64(`${this.#prefix.slice(0, -1)}0`) };
  }

  /** The key of an answer's `kv`, without the prefix. Throws `MalformedAnswer`. */
  keyOf(kv: unknown): string {
    const key = base64TextOf(kv, "key");
    if (!key.startsWith(this.#prefix)) throw new MalformedAnswer("a key of another prefix");
    return key.slice(this.#prefix.length);
  }

  /** An answer's `kv`. Throws `MalformedAnswer`. */
  storedKeyOf(kv: unknown): StoredKey {
    const lease = int64Of(kv, "lease");
    return {
      value: base64TextOf(kv, "value"),
      modRevision: int64Of(kv, "mod_revision"),
      leaseId: lease === 0n ? null : String(lease),
    };
  }

  /** A change as the body of `/v3/kv/txn`. */
  txnOf({ conditions, writes }: StoreChange): object {
    return {
      compare: conditions.map(({ key, modRevision }) => ({
        key: this.#encoded(key),
        target: "MOD",
        result: "EQUAL",
        mod_revision: String(modRevision),
      })),
      success: writes.map((write) =>
        write.kind === "put"
          ? {
              request_put: {
                key: this.#encoded(write.key),
                value: toBase64(write.value),
                ...(write.leaseId === undefined ? {} : { lease: write.leaseId }),
              },
            }
          : { request_delete_range: { key: this.#encoded(write.key) } },
      ),
    };
  }

  #encoded(key: string): string {
    return toBase64(this.#prefix + key);
  }
}
