import { BackgroundLoop } from "@understudy/kernel";
import { expect } from "vitest";
import { openEtcdStore, type EtcdStore, type EtcdStoreOptions } from "../src/index.ts";

/** A generous bound, for machines that are busy with other things. */
export const SLOW_MS = 20_000;

/** No bound of the call's own. */
export const unbounded = { signal: new AbortController().signal };

/** A store with time enough for a busy machine; `urls` as a list, or with commas between. */
export async function openTestStore(
  urls: string | readonly string[],
  options: Partial<EtcdStoreOptions> = {},
): Promise<EtcdStore> {
  return openEtcdStore({
    endpoints: typeof urls === "string" ? urls.split(",") : urls,
    prefix: "/understudy/test/",
    requestTimeoutMs: 8_000,
    ...options,
  });
}

/** Sets one key, whatever it held. */
export async function put(store: EtcdStore, key: string, value: string, leaseId?: string): Promise<bigint> {
  const write = { kind: "put", key, value, ...(leaseId === undefined ? {} : { leaseId }) } as const;
  const { made, revision } = await store.change({ conditions: [], writes: [write] }, unbounded);
  expect(made).toBe(true);
  return revision;
}

/** A watch that writes down what it was told. */
export interface TestWatch extends AsyncDisposable {
  readonly told: readonly (readonly string[])[];
  /** All keys that were told, once each. */
  readonly keys: () => ReadonlySet<string>;
}

/** Resolves when the watch stands. */
export async function startWatch(store: EtcdStore): Promise<TestWatch> {
  const told: (readonly string[])[] = [];
  const loop = new BackgroundLoop(
    (signal) => store.watch((keys) => void told.push(keys), { signal }),
    (error) => void told.push([`the watch ended: ${String(error)}`]),
  );
  await expect.poll(() => told.length, { timeout: SLOW_MS }).toBeGreaterThan(0);
  expect(told[0]).toEqual([]);
  return { told, keys: () => new Set(told.flat()), [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose]() };
}
