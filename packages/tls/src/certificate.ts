import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All certificates of a PEM text, in its order. Throws where one of them can't be read. */
export function certificatesOf(pem: string): X509Certificate[] {
  return [...pem.matchAll(PEM_CERTIFICATE)].map(([text]) => new X509Certificate(text));
}

/** Why a certificate is not valid at this time; null where it is. */
export function timeProblem(certificate: X509Certificate, nowMs: number): string | null {
  const untilMs = expiryMs(certificate);
  if (nowMs > untilMs) return `expired on ${day(untilMs)}`;
  const fromMs = Date.parse(certificate.validFrom);
  if (nowMs < fromMs) return `is not valid before ${day(fromMs)}; is this machine's clock right?`;
  return null;
}

/** When it ends, in milliseconds since 1970. */
export function expiryMs(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo);
}

/** `2026-11-26`. */
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

const SERVER_USE = "1.3.6.1.5.5.7.3.1";
const CLIENT_USE = "1.3.6.1.5.5.7.3.2";

/** A certificate without a list of uses is good for all. */
export function isForUse(certificate: X509Certificate, use: "server" | "client"): boolean {
  // Node's types say that the list is always there
  const uses: readonly string[] | undefined = certificate.keyUsage;
  return uses === undefined || uses.includes(use === "server" ? SERVER_USE : CLIENT_USE);
}

/** True where the certificate covers a host name or an address. */
export function isForHost(certificate: X509Certificate, host: string): boolean {
  return (certificate.checkHost(host) ?? certificate.checkIP(host)) !== undefined;
}

/** True where the first of `chain` leads, by way of the others, to one of `authorities`. */
export function isSignedBy(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  let [current] = chain;
  for (let steps = 0; current !== undefined && steps <= chain.length; steps++) {
    const child: X509Certificate = current;
    if (authorities.some((authority) => isIssuer(authority, child) || isSame(authority, child))) return true;
    current = chain.find((one) => !isSame(one, child) && isIssuer(one, child));
  }
  return false;
}

function isIssuer(authority: X509Certificate, child: X509Certificate): boolean {
  return child.checkIssued(authority) && child.verify(authority.publicKey);
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

/** Throws where the text is no private key, or one behind a passphrase. */
export function privateKeyOf(pem: string): KeyObject {
  return createPrivateKey(pem);
}
