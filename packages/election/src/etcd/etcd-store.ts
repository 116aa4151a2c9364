import { UnderstudyError } from "@understudy/protocol";
import type { CoordinationStore, StoreCall, StoreChange, StoreSnapshot } from "../coordination-store.ts";
import type { EtcdGateway } from "./etcd-gateway.ts";
import { EtcdKeys } from "./etcd-keys.ts";
import { EtcdWatch } from "./etcd-watch.ts";
import { fieldOf, headerRevisionOf, int64Of, listOf, MalformedAnswer } from "./gateway-json.ts";

interface EtcdStoreDeps {
  readonly gateway: EtcdGateway;
  readonly prefix: string;
  readonly watch: Omit<ConstructorParameters<typeof EtcdWatch>[0], "gateway" | "keys">;
}

/**
 * The store in etcd v3, through its JSON gateway; get one by `openEtcdStore`. Besides what the interface says: `forbidden` where
 * etcd refuses the user or its password, `invalid-request` where it refuses the request itself.
 * @see https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
 */
export class EtcdStore implements CoordinationStore {
  readonly #gateway: EtcdGateway;
  readonly #keys: EtcdKeys;
  readonly #watch: EtcdStoreDeps["watch"];
  readonly #watches = new Set<Promise<void>>();

  constructor({ gateway, prefix, watch }: EtcdStoreDeps) {
    this.#gateway = gateway;
    this.#keys = new EtcdKeys(prefix);
    this.#watch = watch;
  }

  /** Etcd makes it longer where it is below its own minimum: one and a half of its election timeouts. */
  async grantLease(ttlMs: number, { signal }: StoreCall): Promise<string> {
    if (!(ttlMs > 0)) throw new UnderstudyError("invalid-request", `a lease of ${ttlMs} ms`);
    const body = { TTL: String(Math.ceil(ttlMs / 1_000)) };
    return this.#gateway.call(
      { path: "/v3/lease/grant", body, effect: "once", read: (answer) => leaseIdOf(answer) },
      signal,
    );
  }

  async keepAlive(leaseId: string, { signal }: StoreCall): Promise<boolean> {
    return this.#gateway.call(
      {
        path: "/v3/lease/keepalive",
        body: { ID: leaseId },
        effect: "repeatable",
        read: (answer) => {
          const result = fieldOf(answer, "result");
          headerRevisionOf(result);
          return int64Of(result, "TTL") > 0n;
        },
        leaseGone: false,
      },
      signal,
    );
  }

  async revokeLease(leaseId: string, { signal }: StoreCall): Promise<void> {
    await this.#gateway.call(
      {
        path: "/v3/lease/revoke",
        body: { ID: leaseId },
        // it never comes back, so a second time does nothing
        effect: "repeatable",
        read: (answer) => headerRevisionOf(answer),
        leaseGone: 0n,
      },
      signal,
    );
  }

  async read({ signal }: StoreCall): Promise<StoreSnapshot> {
    const keys = this.#keys;
    return this.#gateway.call(
      {
        path: "/v3/kv/range",
        body: keys.range,
        effect: "repeatable",
        read: (answer) => ({
          revision: headerRevisionOf(answer),
          keys: new Map(listOf(answer, "kvs").map((kv) => [keys.keyOf(kv), keys.storedKeyOf(kv)])),
        }),
      },
      signal,
    );
  }

  async change(
    change: StoreChange,
    call: StoreCall,
  ): Promise<{ readonly made: boolean; readonly revision: bigint }> {
    const answer = await this.#gateway.call<{ made: boolean; revision: bigint } | null>(
      {
        path: "/v3/kv/txn",
        body: this.#keys.txnOf(change),
        effect: "once",
        read: (json) => ({ made: fieldOf(json, "succeeded") === true, revision: headerRevisionOf(json) }),
        leaseGone: null,
      },
      call.signal,
    );
    return answer ?? { made: false, revision: await this.revision(call) };
  }

  /** The newest revision of the whole etcd cluster. Throws as `read` does. */
  async revision({ signal }: StoreCall): Promise<bigint> {
    const body = { ...this.#keys.range, count_only: true };
    return this.#gateway.call(
      { path: "/v3/kv/range", body, effect: "repeatable", read: headerRevisionOf },
      signal,
    );
  }

  async watch(onChange: (keys: readonly string[]) => void, { signal }: StoreCall): Promise<void> {
    const watch = new EtcdWatch({ ...this.#watch, gateway: this.#gateway, keys: this.#keys }, onChange);
    const running = watch.run(signal);
    this.#watches.add(running);
    try {
      await running;
    } finally {
      this.#watches.delete(running);
    }
  }

  /** Ends watches, cuts calls under way (they throw `coordination-unavailable`) and closes all connections. Leases stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway[Symbol.asyncDispose]();
    await Promise.allSettled(this.#watches);
  }
}

function leaseIdOf(answer: unknown): string {
  const id = int64Of(answer, "ID");
  if (id === 0n) throw new MalformedAnswer("no lease ID");
  return String(id);
}
