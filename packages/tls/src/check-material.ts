import type { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { messageOf } from "@understudy/kernel";
import {
  certificatesOf,
  day,
  expiryMs,
  isForHost,
  isForUse,
  isSignedBy,
  privateKeyOf,
  timeProblem,
} from "./certificate.ts";
import type { TlsMaterial, TlsNames } from "./tls-files.ts";

/** What a certificate has to be good for, and when. */
export interface CheckOptions {
  readonly names: TlsNames;
  readonly nowMs: number;
  /** Empty: any. */
  readonly uses?: readonly ("server" | "client")[];
}

/** So long before a certificate's end a warning begins. */
const EXPIRY_WARNING_MS = 14 * 86_400_000;

const DAY_MS = 86_400_000;
const USE_NAMES = { server: "serverAuth", client: "clientAuth" } as const;

/** Why files can't be used, every problem at once; empty where they can. Key material never stands in it. */
export function materialProblems(material: TlsMaterial, options: CheckOptions): string[] {
  const problems = [...caProblems(material, options), ...certificateProblems(material, options)];
  if (problems.length > 0) return problems;
  try {
    createSecureContext({ ca: material.ca, cert: material.cert, key: material.key });
    return [];
  } catch (error) {
    return [`${options.names.cert} and its key can't be used: ${messageOf(error)}`];
  }
}

/** When the parts of TLS files end, in milliseconds since 1970; null for one that is not there. */
export interface MaterialEnds {
  /** Of the certificate and those further up its chain, the first that ends. */
  readonly cert: number | null;
  /** Of several authorities the last: earlier ones are left over from a change. */
  readonly ca: number | null;
}

/** When files that can be used end. Throws where a certificate can't be read. */
export function materialEnds({ ca, cert }: Pick<TlsMaterial, "ca" | "cert">): MaterialEnds {
  const endsOf = (pem: string): number[] => certificatesOf(pem).map(expiryMs);
  return {
    cert: cert === undefined ? null : Math.min(...endsOf(cert)),
    ca: ca === undefined ? null : Math.max(...endsOf(ca)),
  };
}

/** What a person should know of files that can be used: what ends soon, and what others will not take. */
export function materialWarnings(
  { ca, cert }: Pick<TlsMaterial, "ca" | "cert">,
  { names, nowMs, host }: Pick<CheckOptions, "names" | "nowMs"> & { readonly host: string | null },
): string[] {
  const warnings: string[] = [];
  const authorities = ca === undefined ? [] : certificatesOf(ca);
  const chain = cert === undefined ? [] : certificatesOf(cert);
  const ends = materialEnds({ ca, cert });
  if (ends.cert !== null) warnings.push(...endWarning(`the certificate of ${names.cert}`, ends.cert, nowMs));
  if (ends.ca !== null) {
    warnings.push(...endWarning(`the authority's certificate of ${names.ca}`, ends.ca, nowMs));
  }
  const [own] = chain;
  if (own && host !== null && !isForHost(own, host)) {
    warnings.push(
      `the certificate of ${names.cert} is not for ${host}, under which others reach this node (it is for ${namesOf(own)}): they will refuse it`,
    );
  }
  if (own && authorities.length > 0 && !isSignedBy(chain, authorities)) {
    warnings.push(
      `the certificate of ${names.cert} is not signed by an authority of ${names.ca}: nodes that trust the same file will refuse it`,
    );
  }
  return warnings;
}

function namesOf(certificate: X509Certificate): string {
  return certificate.subjectAltName ?? "no name at all";
}

/** One sentence where a certificate ends within 14 days, or has ended; empty where it does not. */
export function endWarning(what: string, untilMs: number, nowMs: number): string[] {
  if (nowMs > untilMs) return [`${what} expired on ${day(untilMs)}: renew it now`];
  if (nowMs < untilMs - EXPIRY_WARNING_MS) return [];
  const days = Math.floor((untilMs - nowMs) / DAY_MS);
  const left = days === 0 ? "in less than a day" : days === 1 ? "in 1 day" : `in ${days} days`;
  return [`${what} expires on ${day(untilMs)}, ${left}: renew it`];
}

function caProblems({ ca }: TlsMaterial, { names, nowMs }: CheckOptions): string[] {
  if (ca === undefined) return [];
  const authorities = readCertificates(ca, names.ca);
  if (typeof authorities === "string") return [authorities];
  const problems = authorities.map((authority) => timeProblem(authority, nowMs));
  // of several, one that has ended is left over from a change of authorities
  if (problems.every((problem) => problem !== null)) {
    return [`the authority's certificate of ${names.ca} ${problems[0] ?? ""}`];
  }
  return [];
}

function certificateProblems({ cert, key }: TlsMaterial, options: CheckOptions): string[] {
  const { names, nowMs, uses = [] } = options;
  const problems: string[] = [];
  let own: X509Certificate | undefined;
  if (cert !== undefined) {
    const chain = readCertificates(cert, names.cert);
    if (typeof chain === "string") problems.push(chain);
    else {
      [own] = chain;
      for (const one of chain) {
        const problem = timeProblem(one, nowMs);
        if (problem === null) continue;
        const which = one === own ? "the certificate" : "a certificate further up the chain";
        problems.push(`${which} of ${names.cert} ${problem}`);
      }
    }
  }
  for (const use of own ? uses : []) {
    if (own && !isForUse(own, use)) {
      problems.push(
        `the certificate of ${names.cert} may not be used by a ${use}: its extended key usage lacks ${USE_NAMES[use]}`,
      );
    }
  }
  if (key !== undefined) problems.push(...keyProblems(key, own, names));
  return problems;
}

function keyProblems(key: string, certificate: X509Certificate | undefined, names: TlsNames): string[] {
  try {
    const parsed = privateKeyOf(key);
    if (certificate && !certificate.checkPrivateKey(parsed)) {
      return [`${names.key} is not the key of the certificate in ${names.cert}`];
    }
    return [];
  } catch (error) {
    const isLocked = error instanceof Error && "code" in error && error.code === "ERR_MISSING_PASSPHRASE";
    const isEncrypted = isLocked || /ENCRYPTED/.test(key.slice(0, 200));
    return [
      isEncrypted
        ? `${names.key} is behind a passphrase; give one without`
        : `${names.key} holds no private key in PEM form`,
    ];
  }
}

function readCertificates(pem: string, name: string): X509Certificate[] | string {
  try {
    const certificates = certificatesOf(pem);
    return certificates.length > 0 ? certificates : `${name} holds no certificate in PEM form`;
  } catch (error) {
    return `${name} holds a certificate that can't be read: ${messageOf(error)}`;
  }
}
