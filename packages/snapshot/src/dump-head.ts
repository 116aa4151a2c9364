import type { Flavour } from "@understudy/protocol";

/** What the beginning of a dump says of where its snapshot was taken. */
export type DumpHead =
  | { readonly kind: "gtid-set"; readonly gtids: string }
  | { readonly kind: "binlog-place"; readonly file: string; readonly offset: string }
  /** The snapshot is taken, of a server that stands still. */
  | { readonly kind: "untold" };

/** A GTID set of so many intervals that it does not fit in is no set any more. */
export const DUMP_HEAD_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads where the snapshot was taken from the beginning of a dump: MySQL's set of GTIDs, or the place in MariaDB's binlog, whose
 * GTIDs the server can tell. Null as long as it does not stand there; a MariaDB dump that was to leave it out has no place before its data.
 */
export function parseDumpHead(flavour: Flavour, text: string): DumpHead | null {
  if (flavour === "mysql") {
    const gtids = /^\/\* SET @@GLOBAL\.GTID_PURGED=(?:\/\*!80000 '\+'\*\/ )?'\+?([^']*)';\s*\*\//m.exec(
      text,
    )?.[1];
    return gtids === undefined ? null : { kind: "gtid-set", gtids: gtids.replaceAll(/\s+/g, "") };
  }
  const [, file, offset] =
    /^-- CHANGE MASTER TO MASTER_LOG_FILE='([^'\n]+)', MASTER_LOG_POS=(\d+);$/m.exec(text) ?? [];
  if (file !== undefined && offset !== undefined) return { kind: "binlog-place", file, offset };
  return /^-- Current Database: /m.test(text) ? { kind: "untold" } : null;
}
