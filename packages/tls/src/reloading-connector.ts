import { buildConnector } from "undici";
import { NO_TLS_MATERIAL, type TlsMaterial } from "./tls-files.ts";

/** Certificates, or where to find the current ones. Without `ca`, the authorities that Node knows. */
export type TlsSource = Partial<TlsMaterial> | (() => Partial<TlsMaterial>);

/** How an outgoing connection is made. */
export interface ReloadingConnectorOptions {
  readonly tls: TlsSource | undefined;
  readonly timeoutMs: number;
}

/**
 * How undici connects, in plain or over TLS (1.2 or later; the host's name is always checked): each new connection takes the
 * certificates that are current then, and a session of earlier ones is never resumed.
 */
export function createReloadingConnector({
  tls = NO_TLS_MATERIAL,
  timeoutMs,
}: ReloadingConnectorOptions): buildConnector.connector {
  const current = typeof tls === "function" ? tls : () => tls;
  let built: { readonly of: Partial<TlsMaterial>; readonly connect: buildConnector.connector } | undefined;
  return (options, callback) => {
    const of = current();
    if (built?.of !== of) {
      const { ca, cert, key } = of;
      const material = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
      const connect = buildConnector({
        ...material,
        minVersion: "TLSv1.2",
        timeout: timeoutMs,
        allowH2: false,
      });
      built = { of, connect };
    }
    built.connect(options, callback);
  };
}
