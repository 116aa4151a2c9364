import { isIPv6 } from "node:net";
import { timingProblem, DEFAULT_TIMINGS, type BrokenRule, type ElectionTimings } from "@understudy/election";
import { ACK_NAMES, type AckLevel, type Role } from "@understudy/protocol";
import { brokenRuleOf } from "./broken-rule.ts";
import { Redacted } from "./redacted.ts";
import { readSettings, unusable, type Environment, type SettingSources } from "./read-settings.ts";
import type { NodeSettings } from "./settings.ts";
import { tlsSettingsProblems } from "../tls/tls-problems.ts";

/** A node's configuration, checked and frozen. */
export interface NodeConfig extends Omit<
  NodeSettings,
  "databaseUrl" | "etcdPassword" | "nodeToken" | "defaultAck" | "probeIntervalMs"
> {
  readonly role: Role;
  readonly databaseUrl: Redacted<string>;
  readonly etcdPassword: Redacted<string> | null;
  readonly nodeToken: Redacted<string> | null;
  /** Where the node's token is read again; null where it was given by itself. */
  readonly nodeTokenPath: string | null;
  /** True where the cluster elects its master by etcd. */
  readonly hasElections: boolean;
  readonly electionTimings: ElectionTimings;
  readonly probeIntervalMs: number;
  readonly defaultAck: AckLevel;
  /** A safety rule that this node is not to keep: null but in drills. */
  readonly brokenRule: BrokenRule | null;
}

const PORTS: Readonly<Record<Role, number>> = { master: 8083, slave: 8084 };
const PROBE_INTERVALS_MS: Readonly<Record<Role, number>> = { master: 5000, slave: 10_000 };
const ELECTED_PROBE_INTERVAL_MS = 3000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** A configuration, and for each setting that was given where it comes from, in words. */
export interface LoadedConfig {
  readonly config: NodeConfig;
  readonly origins: ReadonlyMap<string, string>;
}

/** As {@link loadConfig}, from an environment alone. */
export function readConfig(environment: Environment, role: Role): NodeConfig {
  return loadConfig({ environment }, role).config;
}

/** Reads and checks the configuration of a node that starts as `role`. Throws `config-invalid` with every problem. */
export function loadConfig(sources: SettingSources, role: Role): LoadedConfig {
  const { settings, origins, secretPaths } = readSettings(sources, { port: PORTS[role] });
  const problems: string[] = [];
  const hasElections = settings.etcd.length > 0;
  const electionTimings = timingsOf(settings);
  if (role === "slave" && !hasElections && settings.masterUrl === undefined) {
    problems.push(
      "UNDERSTUDY_MASTER_URL is required for a slave, for example http://127.0.0.1:8083, or UNDERSTUDY_ETCD, by which it finds its master",
    );
  }
  problems.push(...(hasElections ? electionProblems(settings, electionTimings) : []));
  problems.push(...accessProblems(settings));
  if (settings.probeIntervalMs !== undefined && settings.probeTimeoutMs > settings.probeIntervalMs) {
    problems.push("UNDERSTUDY_PROBE_TIMEOUT_MS is above UNDERSTUDY_PROBE_INTERVAL_MS; probes would overlap");
  }
  if (settings.bodiesBytesMax < settings.bodyLimitBytes) {
    problems.push(
      "UNDERSTUDY_BODIES_BYTES_MAX is below UNDERSTUDY_BODY_LIMIT_BYTES; a body of the allowed size would be refused",
    );
  }
  problems.push(...tlsSettingsProblems(settings));
  const brokenRule = brokenRuleOf(sources.environment, problems);
  if (problems.length > 0) throw unusable(problems);
  const config = Object.freeze({
    ...settings,
    role,
    brokenRule,
    databaseUrl: new Redacted(settings.databaseUrl),
    etcdPassword: settings.etcdPassword === undefined ? null : new Redacted(settings.etcdPassword),
    nodeToken: settings.nodeToken === undefined ? null : new Redacted(settings.nodeToken),
    nodeTokenPath: secretPaths.get("nodeToken") ?? null,
    hasElections,
    electionTimings,
    defaultAck: ackLevelOf(settings.defaultAck ?? (hasElections ? "majority" : "async")),
    probeIntervalMs:
      settings.probeIntervalMs ?? (hasElections ? ELECTED_PROBE_INTERVAL_MS : PROBE_INTERVALS_MS[role]),
  });
  return { config, origins };
}

function accessProblems({ host, tokensFile, nodeToken, allowOpenAccess }: NodeSettings): string[] {
  if (tokensFile !== undefined) {
    if (nodeToken !== undefined) return [];
    return [
      "UNDERSTUDY_NODE_TOKEN is required with UNDERSTUDY_TOKENS_FILE, since the nodes ask each other for tokens, too: make one with the right replicate, the same or another on each node",
    ];
  }
  if (isLoopback(host) || allowOpenAccess) return [];
  return [
    `UNDERSTUDY_HOST is ${host}, which others can reach, and no tokens are configured: anyone could read and write everything. Name a file of tokens in UNDERSTUDY_TOKENS_FILE, listen on 127.0.0.1, or say UNDERSTUDY_ALLOW_OPEN_ACCESS=true where the network itself keeps others out`,
  ];
}

function timingsOf(settings: NodeSettings): ElectionTimings {
  return {
    ttlMs: settings.leaseTtlMs,
    renewEveryMs: settings.leaseRenewMs,
    marginMs: settings.leaseMarginMs,
    requestTimeoutMs: settings.etcdTimeoutMs,
    roundMs: DEFAULT_TIMINGS.roundMs,
  };
}

function electionProblems(settings: NodeSettings, timings: ElectionTimings): string[] {
  const problems: string[] = [];
  if (settings.clusterId === undefined) {
    problems.push(
      "UNDERSTUDY_CLUSTER_ID is required with UNDERSTUDY_ETCD: the nodes find each other in etcd by it, so give all of them the same",
    );
  }
  const timing = timingProblem(timings);
  if (timing !== null)
    problems.push(
      `${timing} (UNDERSTUDY_LEASE_TTL_MS, _LEASE_RENEW_MS, _LEASE_MARGIN_MS, UNDERSTUDY_ETCD_TIMEOUT_MS)`,
    );
  if ((settings.etcdUser === undefined) !== (settings.etcdPassword === undefined)) {
    problems.push("UNDERSTUDY_ETCD_USER and UNDERSTUDY_ETCD_PASSWORD belong together; give both or none");
  }
  if ((settings.etcdCertFile === undefined) !== (settings.etcdKeyFile === undefined)) {
    problems.push(
      "UNDERSTUDY_ETCD_CERT_FILE and UNDERSTUDY_ETCD_KEY_FILE belong together; give both or none",
    );
  }
  return problems;
}

/** The schema lets nothing else through than a name or a number. */
function ackLevelOf(text: string): AckLevel {
  return ACK_NAMES.find((name) => name === text) ?? Number(text);
}

/** Where a node is reached at this address: `http://host:port`, with TLS `https:`; with brackets around an IPv6 address. */
export function nodeUrl(
  { tlsCertFile }: Pick<NodeConfig, "tlsCertFile">,
  host: string,
  port: number,
): string {
  return httpUrl(host, port).replace("http:", tlsCertFile === undefined ? "http:" : "https:");
}

/** `http://host:port`, with brackets around an IPv6 address. */
export function httpUrl(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
