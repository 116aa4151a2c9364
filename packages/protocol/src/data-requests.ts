import Type, { type Static } from "typebox";
import { Identifier } from "./identifier.ts";
import { READ_OPTIONS } from "./read-options.ts";
import { InputValue, Params } from "./values.ts";
import { WRITE_OPTIONS } from "./write-options.ts";

const closed = { additionalProperties: false } as const;

export const CreateDatabaseRequest = Type.Object(
  {
    name: Identifier,
    ifNotExists: Type.Boolean({ default: false }),
    charset: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_]{1,64}$" })),
    collation: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_]{1,64}$" })),
    ...WRITE_OPTIONS,
  },
  closed,
);
export type CreateDatabaseRequest = Static<typeof CreateDatabaseRequest>;

export const DropDatabaseRequest = Type.Object(
  { name: Identifier, ifExists: Type.Boolean({ default: false }), ...WRITE_OPTIONS },
  closed,
);
export type DropDatabaseRequest = Static<typeof DropDatabaseRequest>;

/** A column of a new table. `type` is SQL (`VARCHAR(255)`), checked to hold nothing but a type. */
export const ColumnDefinition = Type.Object(
  {
    name: Identifier,
    type: Type.String({ minLength: 1, maxLength: 4096 }),
    nullable: Type.Optional(Type.Boolean()),
    default: Type.Optional(InputValue),
    primaryKey: Type.Optional(Type.Boolean()),
    autoIncrement: Type.Optional(Type.Boolean()),
    unique: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ColumnDefinition = Static<typeof ColumnDefinition>;

export const CreateTableRequest = Type.Object(
  {
    database: Identifier,
    table: Identifier,
    columns: Type.Union([
      Type.String({ minLength: 1 }),
      Type.Array(ColumnDefinition, { minItems: 1, maxItems: 4096 }),
    ]),
    ifNotExists: Type.Boolean({ default: false }),
    ...WRITE_OPTIONS,
  },
  closed,
);
export type CreateTableRequest = Static<typeof CreateTableRequest>;

export const DropTableRequest = Type.Object(
  { database: Identifier, table: Identifier, ifExists: Type.Boolean({ default: false }), ...WRITE_OPTIONS },
  closed,
);
export type DropTableRequest = Static<typeof DropTableRequest>;

/** A row as column → value. */
export const Record_ = Type.Record(Identifier, InputValue);
/** @see Record_ */
export type Record_ = Static<typeof Record_>;

export const InsertRequest = Type.Object(
  {
    database: Identifier,
    table: Identifier,
    /** Exactly one of `record` and `records`. */
    record: Type.Optional(Record_),
    records: Type.Optional(Type.Array(Record_, { minItems: 1 })),
    onDuplicate: Type.Enum(["error", "ignore", "update"], { default: "error" }),
    ...WRITE_OPTIONS,
  },
  closed,
);
export type InsertRequest = Static<typeof InsertRequest>;

/** Comparison operators of a `where` object. */
export const Comparison = Type.Object(
  {
    $eq: Type.Optional(InputValue),
    $ne: Type.Optional(InputValue),
    $gt: Type.Optional(InputValue),
    $gte: Type.Optional(InputValue),
    $lt: Type.Optional(InputValue),
    $lte: Type.Optional(InputValue),
    $in: Type.Optional(Type.Array(InputValue, { minItems: 1 })),
    $like: Type.Optional(Type.String()),
    $isNull: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type Comparison = Static<typeof Comparison>;

/** A condition as SQL text with its own parameters. */
export const SqlCondition = Type.Object(
  { sql: Type.String({ minLength: 1 }), params: Type.Optional(Params) },
  closed,
);
export type SqlCondition = Static<typeof SqlCondition>;

/** A condition: columns and-ed together, or SQL text. An object with the keys `sql` (text) and perhaps `params` is the latter. */
export const Where = Type.Union([
  SqlCondition,
  Type.Record(Identifier, Type.Union([InputValue, Comparison])),
]);
export type Where = Static<typeof Where>;

export const UpdateRequest = Type.Object(
  {
    database: Identifier,
    table: Identifier,
    set: Type.Record(Identifier, InputValue, { minProperties: 1 }),
    where: Type.Optional(Where),
    all: Type.Boolean({ default: false }),
    ...WRITE_OPTIONS,
  },
  closed,
);
export type UpdateRequest = Static<typeof UpdateRequest>;

export const DeleteRequest = Type.Object(
  {
    database: Identifier,
    table: Identifier,
    where: Type.Optional(Where),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    all: Type.Boolean({ default: false }),
    ...WRITE_OPTIONS,
  },
  closed,
);
export type DeleteRequest = Static<typeof DeleteRequest>;

export const OrderBy = Type.Object(
  { column: Identifier, direction: Type.Enum(["asc", "desc"], { default: "asc" }) },
  closed,
);
export type OrderBy = Static<typeof OrderBy>;

export const SelectRequest = Type.Object(
  {
    database: Identifier,
    table: Identifier,
    columns: Type.Optional(Type.Array(Identifier, { minItems: 1 })),
    where: Type.Optional(Where),
    orderBy: Type.Optional(Type.Array(OrderBy)),
    limit: Type.Integer({ minimum: 0, maximum: 100_000, default: 100 }),
    offset: Type.Integer({ minimum: 0, default: 0 }),
    ...READ_OPTIONS,
  },
  closed,
);
export type SelectRequest = Static<typeof SelectRequest>;

const sql = Type.String({ minLength: 1 });
const timeoutMs = Type.Integer({ minimum: 1, maximum: 3_600_000, default: 30_000 });

/** What one statement takes, wherever it is sent. */
export const STATEMENT_FIELDS = { sql, params: Type.Optional(Params), timeoutMs } as const;

/** What one query takes, wherever it is sent. */
export const QUERY_FIELDS = {
  ...STATEMENT_FIELDS,
  rows: Type.Enum(["objects", "arrays"], { default: "objects" }),
  maxRows: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 10_000 }),
} as const;

export const QueryRequest = Type.Object(
  { ...QUERY_FIELDS, database: Type.Optional(Identifier), ...READ_OPTIONS },
  closed,
);
export type QueryRequest = Static<typeof QueryRequest>;

export const ExecuteRequest = Type.Object(
  { ...STATEMENT_FIELDS, database: Type.Optional(Identifier), ...WRITE_OPTIONS },
  closed,
);
export type ExecuteRequest = Static<typeof ExecuteRequest>;

/** Isolation levels of a batch or an interactive transaction. */
export const ISOLATION_LEVELS = [
  "read-uncommitted",
  "read-committed",
  "repeatable-read",
  "serializable",
] as const;

export const BatchRequest = Type.Object(
  {
    statements: Type.Array(Type.Object({ sql, params: Type.Optional(Params) }, closed), { minItems: 1 }),
    database: Type.Optional(Identifier),
    isolation: Type.Optional(Type.Enum([...ISOLATION_LEVELS])),
    timeoutMs,
    ...WRITE_OPTIONS,
  },
  closed,
);
export type BatchRequest = Static<typeof BatchRequest>;
