import Type, { type Static } from "typebox";
import { FlavourSchema } from "./vocabulary.ts";

const closed = { additionalProperties: false } as const;
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const isoTime = Type.String({ description: "ISO time" });

/** Longest reason of a discard, in characters. */
const REASON_CHARACTERS_MAX = 2000;

/** What a transaction did to one table; a count is null where its events could not be taken apart. */
export const QuarantinedTable = Type.Object({
  database: Type.String(),
  table: Type.String(),
  inserted: nullable(Type.Integer()),
  updated: nullable(Type.Integer()),
  deleted: nullable(Type.Integer()),
});
export type QuarantinedTable = Static<typeof QuarantinedTable>;

/** One errant transaction, as it is listed. */
export const QuarantinedTransaction = Type.Object({
  /** From 0, in the order in which the node committed them. */
  index: Type.Integer(),
  gtid: Type.String(),
  committedAt: isoTime,
  /** Where it stands in the entry's raw file, and how many bytes it has there. */
  offset: Type.Integer(),
  bytes: Type.Integer(),
  /** True where it only touches what the cluster keeps about itself; applying leaves that out. */
  isBookkeeping: Type.Boolean(),
  /** At most 100 tables; `moreTables` tells how many are left out. */
  tables: Type.Array(QuarantinedTable),
  moreTables: Type.Integer(),
  /** Statements that are kept as text (DDL), at most 20 of them and 2,000 characters of each. */
  statements: Type.Array(Type.String()),
  moreStatements: Type.Integer(),
});
export type QuarantinedTransaction = Static<typeof QuarantinedTransaction>;

/** Columns of a table on the node when its errant transactions were saved, in order. */
export const QuarantinedTableColumns = Type.Object({
  database: Type.String(),
  table: Type.String(),
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
});
export type QuarantinedTableColumns = Static<typeof QuarantinedTableColumns>;

/** What an entry is: the transactions alone, or a copy of all data where they could not be told apart. */
const QUARANTINE_KINDS = ["transactions", "whole-copy"] as const;

/** What there is to say of a whole copy. */
const QuarantinedWholeCopy = Type.Object({
  /** Why the transactions could not be saved alone, in one sentence. */
  reason: Type.String(),
  /**
   * What the node had behind `positions.shared`, by number: a GTID set (MySQL), or `domain:first-last`, comma-separated (MariaDB). Only what is
   * in there can be lacking in the master's history; what it did nobody can tell without the binlog.
   */
  errant: Type.String(),
  /** Which contents of the database server it is a copy of; another one after each time they were replaced. */
  incarnation: Type.String(),
});

/** What one entry is about: the file `manifest.json` in its folder. */
export const QuarantineManifest = Type.Object({
  id: Type.String(),
  /** Left out by releases that knew of transactions only. */
  kind: Type.Optional(Type.Enum([...QUARANTINE_KINDS])),
  /** There for a whole copy only. */
  wholeCopy: Type.Optional(QuarantinedWholeCopy),
  /** The node whose errant transactions these are. */
  node: Type.String(),
  /** The epoch of the history that they are not part of; text, since epochs are 64 bits wide. */
  epoch: Type.String(),
  savedAt: isoTime,
  flavour: FlavourSchema,
  serverVersion: Type.String(),
  positions: Type.Object({
    /** Up to here both histories are the same. */
    shared: Type.String(),
    /** What the node had. */
    own: Type.String(),
    /** What the master had. */
    master: Type.String(),
  }),
  /** 0 for a whole copy, in which nobody can count them. */
  transactionCount: Type.Integer(),
  /** How many of them touch more than what the cluster keeps about itself. */
  clientTransactionCount: Type.Integer(),
  bytes: Type.Integer(),
  /** SHA-256 of the transactions, by which the same set is known again, or of the whole copy's file; hex. */
  digest: Type.String(),
  /** At most 1,000 tables. */
  tables: Type.Array(QuarantinedTableColumns),
});
export type QuarantineManifest = Static<typeof QuarantineManifest>;

/** Why a transaction could not be applied. `uncertain`: an earlier try ended in the middle of a statement that commits by itself. */
export const QUARANTINE_CONFLICTS = [
  "already-there",
  "row-differs",
  "row-missing",
  "duplicate-key",
  "table-missing",
  "table-differs",
  "constraint",
  "locked",
  "uncertain",
  "unsupported",
  "server-error",
] as const;
/** @see QUARANTINE_CONFLICTS */
export type QuarantineConflictKind = (typeof QUARANTINE_CONFLICTS)[number];

export const QuarantineOutcome = Type.Object({
  index: Type.Integer(),
  gtid: Type.String(),
  outcome: Type.Enum(["applied", "conflict", "skipped"]),
  /** What stood in the way; null unless it is a conflict. */
  conflict: nullable(
    Type.Object({
      kind: Type.Enum([...QUARANTINE_CONFLICTS]),
      table: nullable(Type.String()),
      /** Rows in conflict where the conflict was found; null where the server said it. */
      rows: nullable(Type.Integer()),
      errno: nullable(Type.Integer()),
    }),
  ),
  /** In one sentence: the conflict, or why it was skipped; null where it was applied. */
  reason: nullable(Type.String()),
  /** Where the old values of rows could not be compared before they were changed, and why. */
  unchecked: Type.Array(Type.String()),
});
export type QuarantineOutcome = Static<typeof QuarantineOutcome>;

/** How applying, or checking, one entry went. */
export const QuarantineReport = Type.Object({
  entry: Type.String(),
  mode: Type.Enum(["check", "apply"]),
  onConflict: Type.Enum(["stop", "skip"]),
  startedAt: isoTime,
  endedAt: isoTime,
  applied: Type.Integer(),
  conflicts: Type.Integer(),
  skipped: Type.Integer(),
  /** At most 1,000: conflicts come before the others where there are more; in the transactions' order. */
  outcomes: Type.Array(QuarantineOutcome),
  moreOutcomes: Type.Integer(),
});
export type QuarantineReport = Static<typeof QuarantineReport>;

export const QuarantineDiscard = Type.Object({
  reason: Type.String(),
  by: Type.String(),
  at: isoTime,
});
export type QuarantineDiscard = Static<typeof QuarantineDiscard>;

/** An entry as it is listed. `applied`: a report of applying was filed with it; it may still hold conflicts. */
export const QuarantineEntry = Type.Object({
  manifest: QuarantineManifest,
  state: Type.Enum(["open", "applied", "discarded"]),
  discarded: nullable(QuarantineDiscard),
  /** The latest report of applying; null where it was never applied. */
  report: nullable(QuarantineReport),
});
export type QuarantineEntry = Static<typeof QuarantineEntry>;

/** Query of `GET /cluster/quarantine` and, for its transactions, of `GET /cluster/quarantine/{id}`. */
export const QuarantineListQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    /** What `next` of the page before said. */
    after: Type.Optional(Type.String({ maxLength: 64 })),
    /** Only of the node that is asked; with `after` always. */
    own: Type.Boolean({ default: false }),
  },
  closed,
);
export type QuarantineListQuery = Static<typeof QuarantineListQuery>;

/** Answer of `GET /cluster/quarantine`: the newest first. */
export const QuarantineListAnswer = Type.Object({
  entries: Type.Array(QuarantineEntry),
  next: nullable(Type.String()),
  /** Members that gave no answer, so that what they hold is not in it. */
  unreachable: Type.Array(Type.String()),
});
export type QuarantineListAnswer = Static<typeof QuarantineListAnswer>;

/** Answer of `GET /cluster/quarantine/{id}`. */
export const QuarantineEntryAnswer = Type.Object({
  entry: QuarantineEntry,
  transactions: Type.Array(QuarantinedTransaction),
  next: nullable(Type.String()),
});
export type QuarantineEntryAnswer = Static<typeof QuarantineEntryAnswer>;

/** Body of `POST /cluster/quarantine/{id}/apply`. */
export const QuarantineApplyRequest = Type.Object(
  {
    mode: Type.Enum(["check", "apply"], { default: "check" }),
    onConflict: Type.Enum(["stop", "skip"], { default: "stop" }),
  },
  closed,
);
export type QuarantineApplyRequest = Static<typeof QuarantineApplyRequest>;

/** Body of `POST /cluster/quarantine/{id}/discard`. */
export const QuarantineDiscardRequest = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: REASON_CHARACTERS_MAX }) },
  closed,
);
export type QuarantineDiscardRequest = Static<typeof QuarantineDiscardRequest>;
