import type {
  BatchRequest,
  BeginRequest,
  ColumnDefinition,
  CommitRequest,
  Comparison,
  CreateDatabaseRequest,
  CreateTableRequest,
  DeleteRequest,
  DropDatabaseRequest,
  DropTableRequest,
  ExecuteRequest,
  InsertRequest,
  OrderBy,
  QueryRequest,
  SelectRequest,
  TransactionExecuteRequest,
  TransactionQueryRequest,
  UpdateRequest,
} from "@understudy/protocol";
import type { Value, ValueParams } from "./values.ts";

/** `T` whose optional keys may be given as undefined too. */
type Loose<T> = {
  readonly [Key in keyof T]: Record<never, never> extends Pick<T, Key> ? T[Key] | undefined : T[Key];
};

/** `T` with the keys `K`, for which the node has defaults, made optional. */
type Defaulted<T, K extends keyof T> = Loose<Omit<T, K>> & { readonly [Key in K]?: T[Key] | undefined };

type ReadDefaults = "consistency" | "waitMs";
type WriteDefaults = "ackTimeoutMs";

/** One statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly params?: ValueParams | undefined;
}

/** A row as column → value. */
export type RecordInput = Readonly<Record<string, Value>>;

/** Comparisons of one column, and-ed. */
export type ComparisonInput = {
  readonly [Key in keyof Comparison]: Key extends "$in"
    ? readonly Value[]
    : Key extends "$like" | "$isNull"
      ? Comparison[Key]
      : Value;
};

/** A condition: columns and-ed together, or SQL text. */
export type WhereInput = Statement | Readonly<Record<string, Value | ComparisonInput>>;

/** A column of a new table. */
export type ColumnInput = Omit<ColumnDefinition, "default"> & { readonly default?: Value | undefined };

interface Where {
  readonly where?: WhereInput | undefined;
}

/** Body of `POST /query`; what is left out takes the node's default. */
export type QueryInput = Defaulted<
  Omit<QueryRequest, "params">,
  "rows" | "maxRows" | "timeoutMs" | ReadDefaults
> &
  Statement;
/** Body of `POST /query` with its rows streamed. `timeoutMs` is for all of them; default ten minutes. */
export type RowsInput = Omit<QueryInput, "maxRows">;
/** Body of `POST /execute`. */
export type ExecuteInput = Defaulted<Omit<ExecuteRequest, "params">, "timeoutMs" | WriteDefaults> & Statement;
/** Body of `POST /batch`. */
export type BatchInput = Defaulted<Omit<BatchRequest, "statements">, "timeoutMs" | WriteDefaults> & {
  readonly statements: readonly Statement[];
};
/** Body of `POST /insert`. */
export type InsertInput = Defaulted<
  Omit<InsertRequest, "record" | "records">,
  "onDuplicate" | WriteDefaults
> & {
  readonly record?: RecordInput | undefined;
  readonly records?: readonly RecordInput[] | undefined;
};
/** Body of `POST /update`. */
export type UpdateInput = Defaulted<Omit<UpdateRequest, "set" | "where">, "all" | WriteDefaults> &
  Where & { readonly set: RecordInput };
/** Body of `POST /delete`. */
export type DeleteInput = Defaulted<Omit<DeleteRequest, "where">, "all" | WriteDefaults> & Where;
/** Body of `POST /select`. */
export type SelectInput = Defaulted<
  Omit<SelectRequest, "orderBy" | "where" | "columns">,
  "limit" | "offset" | ReadDefaults
> &
  Where & {
    readonly columns?: readonly string[] | undefined;
    readonly orderBy?: readonly Defaulted<OrderBy, "direction">[] | undefined;
  };
/** Body of `POST /createdb`. */
export type CreateDatabaseInput = Defaulted<CreateDatabaseRequest, "ifNotExists" | WriteDefaults>;
/** Body of `POST /dropdb`. */
export type DropDatabaseInput = Defaulted<DropDatabaseRequest, "ifExists" | WriteDefaults>;
/** Body of `POST /createtable`. */
export type CreateTableInput = Defaulted<
  Omit<CreateTableRequest, "columns">,
  "ifNotExists" | WriteDefaults
> & { readonly columns: string | readonly ColumnInput[] };
/** Body of `POST /droptable`. */
export type DropTableInput = Defaulted<DropTableRequest, "ifExists" | WriteDefaults>;

/** Body of `POST /transactions`. */
export type BeginInput = Defaulted<BeginRequest, "idleTimeoutMs" | "maxMs">;
/** Body of `POST /transactions/{id}/query`. */
export type TransactionQueryInput = Defaulted<
  Omit<TransactionQueryRequest, "params">,
  "rows" | "maxRows" | "timeoutMs"
> &
  Statement;
/** Body of `POST /transactions/{id}/execute`. */
export type TransactionExecuteInput = Defaulted<Omit<TransactionExecuteRequest, "params">, "timeoutMs"> &
  Statement;
/** Body of `POST /transactions/{id}/commit`. */
export type CommitInput = Defaulted<CommitRequest, WriteDefaults>;
