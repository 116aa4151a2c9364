import { LeaseElection, openEtcdStore, type Election, type EtcdStoreOptions } from "@understudy/election";
import type { NodeConfig } from "../config/node-config.ts";
import type { NodeServices } from "../node-services.ts";
import { meterStore } from "./metered-store.ts";
import type { NodeSupervisor } from "./node-supervisor.ts";

/**
 * Opens the election by the configured etcd. Throws `config-invalid` for what etcd's addresses can't mean.
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
    tls: services.tls.forEtcd,
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
