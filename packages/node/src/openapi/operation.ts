import type { ErrorCode } from "@understudy/protocol";
import type Type from "typebox";

/** The groups of operations, in the order of the page. */
export const TAGS = {
  SQL: "Statements as text, with bound parameters",
  Rows: "Rows without SQL",
  Transactions: "Transactions that stay open between calls",
  Databases: "Databases and tables: make, drop, look at",
  Cluster: "Members, events, and replication to each slave",
  Health: "For load balancers, orchestrators and Prometheus",
  "Between nodes": "What nodes call of each other; clients have no use for it",
} as const;

/** A key of {@link TAGS}. */
export type Tag = keyof typeof TAGS;

/** What an operation answers in one media type. */
export interface AnswerContent {
  /** Left out where it is no JSON. */
  readonly schema?: Type.TSchema;
  readonly example: unknown;
}

/** What people are told of a route besides its schemas. */
export interface Operation {
  readonly tag: Tag;
  /** One line, without a full stop. */
  readonly summary: string;
  readonly description?: string;
  /** Requests as people send them, each under what it shows. They fit the route's schema of the body. */
  readonly requests?: Readonly<Record<string, unknown>>;
  /** The body's media type; default JSON. */
  readonly requestType?: string;
  /** A value for each parameter of the path and for those of the query string that an example needs. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Status of success; default 200. */
  readonly status?: number;
  /** What it answers, in one line. */
  readonly answers: string;
  /** By media type, the one that comes unasked first. */
  readonly content: Readonly<Record<string, AnswerContent>>;
  /** Every code that it may answer with, besides those that any operation may. */
  readonly errors: readonly ErrorCode[];
  /** True where `Idempotency-Key` counts. */
  readonly takesKey?: boolean;
}

/** Operations by method and path, the path as the route has it. */
export type OperationTable = Readonly<Record<string, Operation>>;

/** Before any route is asked: a foreign host or origin, a defect. */
export const ERRORS_OF_ANY: readonly ErrorCode[] = [
  "invalid-request",
  "unauthenticated",
  "forbidden",
  "too-large",
  "rate-limited",
  "internal",
];

/** Of what needs the role and its database. */
export const ERRORS_OF_ROLE: readonly ErrorCode[] = ["starting", "overloaded", "database-unavailable"];

/** Of every read. */
export const ERRORS_OF_READ: readonly ErrorCode[] = [
  ...ERRORS_OF_ROLE,
  "too-stale",
  "history-lost",
  "no-leader",
  "node-unreachable",
  "forward-loop",
  "timeout",
];

/** Of every write. */
export const ERRORS_OF_WRITE: readonly ErrorCode[] = [
  ...ERRORS_OF_ROLE,
  "no-leader",
  "node-unreachable",
  "forward-loop",
  "timeout",
  "ack-timeout",
  "write-uncertain",
  "deadlock",
  "idempotency-mismatch",
  "idempotency-unresolved",
];

/** Of client SQL, whatever it does. */
export const ERRORS_OF_SQL: readonly ErrorCode[] = [
  "sql-syntax",
  "unknown-database",
  "unknown-table",
  "unknown-column",
  "not-allowed",
  "invalid-value",
];

/** JSON and nothing else. */
export function json(schema: Type.TSchema, example: unknown): Operation["content"] {
  return { "application/json": { schema, example } };
}
