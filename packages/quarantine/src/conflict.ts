import type { ServerError } from "@understudy/applier";
import type { QuarantineConflictKind } from "@understudy/protocol";

/** What stands in the way of one errant transaction. */
export class Conflict extends Error {
  readonly kind: QuarantineConflictKind;
  readonly table: string | null;
  /** How many rows are in conflict; null where the server said no. */
  readonly rows: number | null;
  readonly errno: number | null;

  constructor(
    kind: QuarantineConflictKind,
    reason: string,
    more: { readonly table?: string | null; readonly rows?: number; readonly errno?: number } = {},
  ) {
    super(reason);
    this.name = "Conflict";
    this.kind = kind;
    this.table = more.table ?? null;
    this.rows = more.rows ?? null;
    this.errno = more.errno ?? null;
  }
}

const KINDS: readonly (readonly [QuarantineConflictKind, readonly number[]])[] = [
  ["row-missing", [1032, 1176]],
  ["duplicate-key", [1022, 1062, 1169, 1586]],
  ["table-missing", [1046, 1049, 1051, 1146, 1109]],
  ["table-differs", [1054, 1364, 1535, 1677, 1753]],
  ["constraint", [1048, 1216, 1217, 1451, 1452, 1557, 1761, 3819, 4025]],
  ["locked", [1205, 1213]],
];

/** An error of the server as a conflict. */
export function conflictOf(error: ServerError, table: string | null): Conflict {
  const kind = KINDS.find(([, errnos]) => errnos.includes(error.errno))?.[0] ?? "server-error";
  return new Conflict(kind, error.message, { table, errno: error.errno });
}
