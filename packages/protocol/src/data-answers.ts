import Type, { type Static } from "typebox";
import { Column, OutputValue } from "./values.ts";
import { RoleSchema } from "./vocabulary.ts";

const position = Type.String({ description: "Opaque: `<epoch>:<gtid>`" });

/** What every confirmed write tells. */
export const WriteReceipt = {
  /** Where it is, to be carried into `after` of a read. */
  position,
  acks: Type.Array(Type.String(), {
    description: "Slaves that had committed it when it was confirmed, by their node ids.",
  }),
  retries: Type.Integer({
    description: "How often the master ran it again by itself, since a deadlock had undone it as a whole.",
  }),
  timeMs: Type.Number({ description: "How long the database took, in milliseconds." }),
} as const;

export const DatabaseAnswer = Type.Object({ database: Type.String(), ...WriteReceipt });
export type DatabaseAnswer = Static<typeof DatabaseAnswer>;

export const TableAnswer = Type.Object({ database: Type.String(), table: Type.String(), ...WriteReceipt });
export type TableAnswer = Static<typeof TableAnswer>;

export const InsertAnswer = Type.Object({
  affectedRows: Type.Integer(),
  /** Text, since BIGINT UNSIGNED passes 2^53; null where the table gave none. */
  insertId: Type.Union([Type.String(), Type.Null()]),
  ...WriteReceipt,
});
export type InsertAnswer = Static<typeof InsertAnswer>;

export const ChangeAnswer = Type.Object({ affectedRows: Type.Integer(), ...WriteReceipt });
export type ChangeAnswer = Static<typeof ChangeAnswer>;

export const Warning = Type.Object({ level: Type.String(), errno: Type.Integer(), message: Type.String() });
export type Warning = Static<typeof Warning>;

export const ExecuteAnswer = Type.Object({
  affectedRows: Type.Integer(),
  insertId: Type.Union([Type.String(), Type.Null()]),
  warnings: Type.Array(Warning),
  ...WriteReceipt,
});
export type ExecuteAnswer = Static<typeof ExecuteAnswer>;

/** Rows as objects keyed by column, or as arrays in column order. */
export const Rows = Type.Union([
  Type.Array(Type.Record(Type.String(), OutputValue)),
  Type.Array(Type.Array(OutputValue)),
]);
export type Rows = Static<typeof Rows>;

export const QueryAnswer = Type.Object({
  columns: Type.Array(Column),
  rows: Rows,
  rowCount: Type.Integer(),
  position,
  node: Type.String(),
  role: RoleSchema,
  lagMs: Type.Union([Type.Number(), Type.Null()]),
  timeMs: Type.Number(),
});
export type QueryAnswer = Static<typeof QueryAnswer>;

/** What one statement of a batch did: rows of a query, or the counts of a change. */
export const BatchResult = Type.Union([
  Type.Object({ columns: Type.Array(Column), rows: Rows, rowCount: Type.Integer() }),
  Type.Object({
    affectedRows: Type.Integer(),
    insertId: Type.Union([Type.String(), Type.Null()]),
    warnings: Type.Array(Warning),
  }),
]);
export type BatchResult = Static<typeof BatchResult>;

export const BatchAnswer = Type.Object({
  results: Type.Array(BatchResult),
  ...WriteReceipt,
});
export type BatchAnswer = Static<typeof BatchAnswer>;

export const DatabasesAnswer = Type.Object({ databases: Type.Array(Type.String()) });
export type DatabasesAnswer = Static<typeof DatabasesAnswer>;

export const DatabaseDescription = Type.Object({
  database: Type.String(),
  charset: Type.String(),
  collation: Type.String(),
  tableCount: Type.Integer(),
  /** Data and indexes, in bytes, as the server estimates them. */
  sizeBytes: Type.Number(),
});
export type DatabaseDescription = Static<typeof DatabaseDescription>;

export const TablesAnswer = Type.Object({
  database: Type.String(),
  tables: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Enum(["table", "view"]),
      engine: Type.Union([Type.String(), Type.Null()]),
      rowsEstimate: Type.Union([Type.Number(), Type.Null()]),
      sizeBytes: Type.Union([Type.Number(), Type.Null()]),
      hasPrimaryKey: Type.Boolean(),
    }),
  ),
});
export type TablesAnswer = Static<typeof TablesAnswer>;

export const TableDescription = Type.Object({
  database: Type.String(),
  table: Type.String(),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      nullable: Type.Boolean(),
      default: Type.Union([Type.String(), Type.Null()]),
      key: Type.String(),
      extra: Type.String(),
    }),
  ),
  indexes: Type.Array(
    Type.Object({ name: Type.String(), unique: Type.Boolean(), columns: Type.Array(Type.String()) }),
  ),
  rowsEstimate: Type.Union([Type.Number(), Type.Null()]),
  createStatement: Type.String(),
});
export type TableDescription = Static<typeof TableDescription>;
