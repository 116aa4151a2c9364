import type { DatabaseTls } from "@understudy/tls";

/** Where a database server listens and as whom to log in. The account needs all rights: it reads and makes accounts. */
export interface SnapshotEndpoint {
  readonly host?: string;
  readonly port?: number;
  /** Preferred over host and port where given. */
  readonly socketPath?: string;
  readonly user: string;
  readonly password: string;
  /** Left out: in plain. */
  readonly tls?: DatabaseTls;
}

/** The endpoint as people read it, without the password. */
export function describeEndpoint(endpoint: SnapshotEndpoint): string {
  return `${endpoint.user}@${endpoint.socketPath ?? `${endpoint.host ?? "localhost"}:${endpoint.port ?? 3306}`}`;
}
