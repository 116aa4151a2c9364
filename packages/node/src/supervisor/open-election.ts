import { readFile } from "node:fs/promises";
import { LeaseElection, openEtcdStore, type Election, type EtcdStoreOptions } from "@understudy/election";
import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { NodeConfig } from "../config/node-config.ts";
import type { NodeServices } from "../node-services.ts";
import { meterStore } from "./metered-store.ts";
import type { NodeSupervisor } from "./node-supervisor.ts";

/**
 * Opens the election by the configured etcd. Throws `config-invalid` for files that can't be read; etcd itself need not answer yet.
 * `promisedEpoch` is as in `LeaseElectionOptions`.
 */
export async function openLeaseElection(
  services: NodeServices,
  host: NodeSupervisor,
  promisedEpoch: bigint | null,
): Promise<Election> {
  const { config, identity, clock, random, logger, metrics } = services;
  const store = await openEtcdStore({
    endpoints: config.etcd,
    prefix: `/understudy/${config.clusterId}/`,
    requestTimeoutMs: config.etcdTimeoutMs,
    clock,
    random,
    logger,
    login: loginOf(config),
    tls: await tlsOf(config),
  });
  return new LeaseElection({
    nodeId: identity.nodeId,
    url: identity.advertisedUrl,
    store: meterStore(store, { clock, metrics, leaseMarginMs: config.leaseMarginMs }),
    host,
    clock,
    logger,
    timings: config.electionTimings,
    maxLagMs: config.maxLagOnFailoverMs,
    promisedEpoch,
    broken: config.brokenRule,
  });
}

function loginOf({ etcdUser: user, etcdPassword: password }: NodeConfig): EtcdStoreOptions["login"] {
  return user === undefined || password === null ? undefined : { user, password: password.reveal() };
}

async function tlsOf(config: NodeConfig): Promise<EtcdStoreOptions["tls"]> {
  const ca = await fileOf("UNDERSTUDY_ETCD_CA_FILE", config.etcdCaFile);
  const cert = await fileOf("UNDERSTUDY_ETCD_CERT_FILE", config.etcdCertFile);
  const key = await fileOf("UNDERSTUDY_ETCD_KEY_FILE", config.etcdKeyFile);
  return ca === undefined && cert === undefined ? undefined : { ca, cert, key };
}

async function fileOf(name: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UnderstudyError("config-invalid", `${name}: ${messageOf(error)}`);
  }
}
