import { createSecureContext } from "node:tls";
import { messageOf, type Clock, type Logger, type Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { TlsSource } from "@understudy/tls";

/** How the store is reached and bounded. */
export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port` of etcd members of one cluster (3.4 or newer), at least one. */
  readonly endpoints: readonly string[];
  /** What all keys begin with; ends with a slash, so that no cluster's name is the beginning of another's. */
  readonly prefix: string;
  /** Where etcd's authentication is on; its certificate log-in does not exist for the JSON gateway. */
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  /**
   * For `https` endpoints: contents of PEM files, or a function that gives the current ones for each new connection. Without `ca`, the
   * authorities that Node knows; `cert` and `key` go together.
   */
  readonly tls?: TlsSource | undefined;
  /** Bound of a call as a whole, however many endpoints are tried. Default 1,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** A watch that hears nothing for so long begins anew elsewhere, since its connection may be dead. Default 5,000. */
  readonly watchIdleMs?: number | undefined;
  /** Larger answers are refused. Default 16 MiB. */
  readonly answerBytesMax?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws `config-invalid` with every problem of the options at once. */
export function checkEtcdStoreOptions(options: EtcdStoreOptions): void {
  const problems = [
    ...endpointProblems(options.endpoints),
    ...(/^.+\/$/s.test(options.prefix) ? [] : [`etcd's prefix must end with "/": "${options.prefix}"`]),
    ...(options.login?.user === "" ? ["etcd's user name is empty"] : []),
    ...tlsProblems(options),
    ...boundProblems(options),
  ];
  if (problems.length > 0) throw new UnderstudyError("config-invalid", problems.join("; "));
}

function endpointProblems(endpoints: readonly string[]): string[] {
  const problems = endpoints
    .filter((url) => !isOrigin(url))
    .map((url) => `not an etcd URL: "${url}"; give http://host:port or https://host:port, and no path`);
  if (endpoints.length === 0) problems.push("no etcd URL is given; give at least one");
  const twice = endpoints.find((url, index) => endpoints.indexOf(url) !== index);
  if (twice !== undefined) problems.push(`the etcd URL ${twice} is given twice`);
  return problems;
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return false;
  return url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
}

function tlsProblems({ tls: source, endpoints }: EtcdStoreOptions): string[] {
  if (!source) return [];
  const tls = typeof source === "function" ? source() : source;
  const problems: string[] = [];
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    problems.push("etcd's client certificate and its key must be given together");
  }
  if (!endpoints.some((url) => url.startsWith("https:"))) {
    problems.push("certificates are given for etcd, but none of its URLs is https");
  }
  try {
    createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key });
  } catch (error) {
    problems.push(
      `a certificate or key for etcd can't be read as PEM, or they don't fit: ${messageOf(error)}`,
    );
  }
  return problems;
}

function boundProblems(options: EtcdStoreOptions): string[] {
  const { requestTimeoutMs, watchIdleMs, answerBytesMax } = options;
  return Object.entries({ requestTimeoutMs, watchIdleMs, answerBytesMax })
    .filter(([, value]) => value !== undefined && !(value > 0))
    .map(([name, value]) => `etcd's ${name} must be above 0, not ${value}`);
}
