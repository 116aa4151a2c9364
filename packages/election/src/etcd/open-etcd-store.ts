import { silentLogger, systemClock, systemRandom } from "@understudy/kernel";
import { EndpointRota } from "./endpoint-rota.ts";
import { EtcdEndpoint } from "./etcd-endpoint.ts";
import { EtcdGateway } from "./etcd-gateway.ts";
import { EtcdLogin } from "./etcd-login.ts";
import { EtcdStore } from "./etcd-store.ts";
import { checkEtcdStoreOptions, type EtcdStoreOptions } from "./etcd-store-options.ts";

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * A store in etcd; resolves once it has answered. Throws `config-invalid` with every problem of the options at once,
 * `coordination-unavailable` where etcd does not answer within `requestTimeoutMs`, `forbidden` where it refuses the user, and the
 * signal's reason.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<EtcdStore> {
  checkEtcdStoreOptions(options);
  const { clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const { requestTimeoutMs = 1_000, watchIdleMs = 5_000, answerBytesMax = ANSWER_BYTES_MAX } = options;
  const endpoints = options.endpoints.map((url) => {
    const tls = url.startsWith("https:") ? options.tls : undefined;
    return new EtcdEndpoint({ url, tls, connectTimeoutMs: requestTimeoutMs, answerBytesMax });
  });
  const rota = new EndpointRota(endpoints.length, { clock, random });
  const login = options.login ? new EtcdLogin(options.login, clock) : null;
  const gateway = new EtcdGateway({ endpoints, rota, login, requestTimeoutMs, clock, logger });
  const watch = {
    requestTimeoutMs,
    idleMs: watchIdleMs,
    lineBytesMax: answerBytesMax,
    clock,
    random,
    logger,
  };
  const store = new EtcdStore({ gateway, prefix: options.prefix, watch });
  try {
    await store.revision({ signal: options.signal ?? new AbortController().signal });
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
