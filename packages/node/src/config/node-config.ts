import { isIPv6 } from "node:net";
import { ACK_NAMES, UnderstudyError, type AckLevel, type Role } from "@understudy/protocol";
import { Redacted } from "./redacted.ts";
import { readSettings, type Environment } from "./read-settings.ts";
import type { NodeSettings } from "./settings.ts";

/** A node's configuration, checked and frozen. */
export interface NodeConfig extends Omit<NodeSettings, "databaseUrl" | "defaultAck" | "probeIntervalMs"> {
  readonly role: Role;
  readonly databaseUrl: Redacted<string>;
  readonly probeIntervalMs: number;
  readonly defaultAck: AckLevel;
}

const PORTS: Readonly<Record<Role, number>> = { master: 8083, slave: 8084 };
const PROBE_INTERVALS_MS: Readonly<Record<Role, number>> = { master: 5000, slave: 10_000 };
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Reads and checks the configuration of a node that starts as `role`. Throws `config-invalid` with every problem. */
export function readConfig(environment: Environment, role: Role): NodeConfig {
  const settings = readSettings(environment, { port: PORTS[role] });
  const problems: string[] = [];
  if (role === "slave" && settings.masterUrl === undefined) {
    problems.push("UNDERSTUDY_MASTER_URL is required for a slave, for example http://127.0.0.1:8083");
  }
  if (!isLoopback(settings.host) && !settings.allowOpenAccess) {
    problems.push(
      `UNDERSTUDY_HOST is ${settings.host}, which others can reach, and no tokens are configured: anyone could read and write everything. Listen on 127.0.0.1, or say UNDERSTUDY_ALLOW_OPEN_ACCESS=true where the network itself keeps others out`,
    );
  }
  if (settings.probeIntervalMs !== undefined && settings.probeTimeoutMs > settings.probeIntervalMs) {
    problems.push("UNDERSTUDY_PROBE_TIMEOUT_MS is above UNDERSTUDY_PROBE_INTERVAL_MS; probes would overlap");
  }
  if (settings.bodiesBytesMax < settings.bodyLimitBytes) {
    problems.push(
      "UNDERSTUDY_BODIES_BYTES_MAX is below UNDERSTUDY_BODY_LIMIT_BYTES; a body of the allowed size would be refused",
    );
  }
  if (problems.length > 0) {
    throw new UnderstudyError(
      "config-invalid",
      `the configuration is not usable:\n- ${problems.join("\n- ")}`,
    );
  }
  return Object.freeze({
    ...settings,
    role,
    databaseUrl: new Redacted(settings.databaseUrl),
    defaultAck: ackLevelOf(settings.defaultAck),
    probeIntervalMs: settings.probeIntervalMs ?? PROBE_INTERVALS_MS[role],
  });
}

/** The schema lets nothing else through than a name or a number. */
function ackLevelOf(text: string): AckLevel {
  return ACK_NAMES.find((name) => name === text) ?? Number(text);
}

/** `http://host:port`, with brackets around an IPv6 address. */
export function httpUrl(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
