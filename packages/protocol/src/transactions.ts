import Type, { type Static } from "typebox";
import { Rows, Warning, WriteReceipt } from "./data-answers.ts";
import { ISOLATION_LEVELS, QUERY_FIELDS, STATEMENT_FIELDS } from "./data-requests.ts";
import { Identifier } from "./identifier.ts";
import { Column } from "./values.ts";
import { WRITE_OPTIONS } from "./write-options.ts";

const closed = { additionalProperties: false } as const;
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const id = Type.String({ description: "Opaque and unguessable: whoever knows it can use the transaction." });
const expiresAt = Type.String({
  description:
    "ISO time at which it is rolled back unless it is used before; never later than `maxMs` after its begin.",
});

/** Body of `POST /transactions`. */
export const BeginRequest = Type.Object(
  {
    database: Type.Optional(Identifier),
    isolation: Type.Optional(Type.Enum([...ISOLATION_LEVELS])),
    idleTimeoutMs: Type.Integer({ minimum: 100, maximum: 60_000, default: 5000 }),
    maxMs: Type.Integer({ minimum: 100, maximum: 600_000, default: 30_000 }),
  },
  closed,
);
export type BeginRequest = Static<typeof BeginRequest>;

export const BeginAnswer = Type.Object({ id, expiresAt });
export type BeginAnswer = Static<typeof BeginAnswer>;

/** Body of `POST /transactions/{id}/query`. */
export const TransactionQueryRequest = Type.Object(QUERY_FIELDS, closed);
export type TransactionQueryRequest = Static<typeof TransactionQueryRequest>;

export const TransactionQueryAnswer = Type.Object({
  columns: Type.Array(Column),
  rows: Rows,
  rowCount: Type.Integer(),
  expiresAt,
  timeMs: Type.Number(),
});
export type TransactionQueryAnswer = Static<typeof TransactionQueryAnswer>;

/** Body of `POST /transactions/{id}/execute`. */
export const TransactionExecuteRequest = Type.Object(STATEMENT_FIELDS, closed);
export type TransactionExecuteRequest = Static<typeof TransactionExecuteRequest>;

export const TransactionExecuteAnswer = Type.Object({
  affectedRows: Type.Integer(),
  insertId: nullable(Type.String()),
  warnings: Type.Array(Warning),
  expiresAt,
  timeMs: Type.Number(),
});
export type TransactionExecuteAnswer = Static<typeof TransactionExecuteAnswer>;

/** Body of `POST /transactions/{id}/commit`. */
export const CommitRequest = Type.Object(WRITE_OPTIONS, closed);
export type CommitRequest = Static<typeof CommitRequest>;

export const CommitAnswer = Type.Object({ id, state: Type.Literal("committed"), ...WriteReceipt });
export type CommitAnswer = Static<typeof CommitAnswer>;

/** What became of an interactive transaction. */
export const TRANSACTION_STATES = ["open", "committed", "rolled-back"] as const;

/** Answer of `GET /transactions/{id}` and of `POST /transactions/{id}/rollback`. */
export const TransactionAnswer = Type.Object({
  id,
  state: Type.Enum([...TRANSACTION_STATES]),
  /** Why it ended, in one sentence; null while it is open. */
  reason: nullable(Type.String()),
  /** Where it was committed, or a position that has it; null unless it was committed. */
  position: nullable(Type.String()),
  /**
   * Whether so many slaves have it as its commit asked for, or as the cluster does by default where that is not known any more, so that it
   * survives the master. Null unless it was committed.
   */
  confirmed: nullable(Type.Boolean()),
  /** Null unless it is open. */
  expiresAt: nullable(expiresAt),
});
export type TransactionAnswer = Static<typeof TransactionAnswer>;
