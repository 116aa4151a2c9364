const UNKNOWN_AUTHORITY = "has a certificate of an unknown authority: give that authority's certificate";
const NO_TLS = "does not speak TLS there: use http:// or its TLS port";
const REFUSES_OURS =
  "refuses the TLS connection: give a client certificate (and its key) of an authority that it knows";
const NOTHING_IN_COMMON = "speaks only versions of TLS or ciphers that are not taken here";

const WORDS: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  INVALID_CA: "has a certificate that was signed by one that is no authority",
  INVALID_PURPOSE: "has a certificate that may not be used by a server",
  CERT_REVOKED: "has a certificate that was revoked",
  CERT_HAS_EXPIRED: "has a certificate that has expired, or whose authority has: renew it",
  CERT_NOT_YET_VALID: "has a certificate that is not valid yet: look at the clocks",
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NOTHING_IN_COMMON,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: NOTHING_IN_COMMON,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NOTHING_IN_COMMON,
  ERR_SSL_SSL_TLS_ALERT_HANDSHAKE_FAILURE: NOTHING_IN_COMMON,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: REFUSES_OURS,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: REFUSES_OURS,
  ERR_SSL_SSL_TLS_ALERT_BAD_CERTIFICATE: REFUSES_OURS,
  ERR_SSL_TLS_ALERT_BAD_CERTIFICATE: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "refuses this side's certificate, since it has expired: renew it",
  ERR_SSL_SSL_TLS_ALERT_CERTIFICATE_EXPIRED:
    "refuses this side's certificate, since it has expired: renew it",
};

/** mysql2 puts a code of its own in place of OpenSSL's, whose text stays. */
const DRIVER_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/self-signed certificate|unable to (get|verify)/i, UNKNOWN_AUTHORITY],
  [/certificate has expired/i, WORDS["CERT_HAS_EXPIRED"] ?? ""],
  [/not yet valid/i, WORDS["CERT_NOT_YET_VALID"] ?? ""],
  [/handshake failure|protocol version|unsupported protocol/i, NOTHING_IN_COMMON],
  [/alert|certificate required/i, REFUSES_OURS],
];

/**
 * What an error of a TLS connection means, in words that go on after the peer's address; null for an error that is not about TLS.
 * An error of OpenSSL is found below others, too.
 */
export function tlsFailureWords(error: unknown): string | null {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth++) {
    const code = "code" in current && typeof current.code === "string" ? current.code : "";
    if (code === "HANDSHAKE_NO_SSL_SUPPORT") return "offers no TLS, which ssl-mode asks for";
    const isDrivers = code === "HANDSHAKE_SSL_ERROR";
    if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || (isDrivers && /altnames/.test(current.message))) {
      return wrongName(current);
    }
    if (isDrivers) {
      const { message } = current;
      const known = DRIVER_TEXTS.find(([text]) => text.test(message));
      return known?.[1] ?? `can't be spoken to by TLS: ${message}`;
    }
    const words = WORDS[code];
    if (words !== undefined) return words;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return null;
}

function wrongName(error: Error): string {
  const cert: unknown = "cert" in error ? error.cert : undefined;
  const names: unknown =
    typeof cert === "object" && cert !== null && "subjectaltname" in cert ? cert.subjectaltname : undefined;
  const which = typeof names === "string" && names !== "" ? ` (${names.slice(0, 200)})` : "";
  return `has a certificate for another name${which}: give a name that it is for in the URL`;
}
