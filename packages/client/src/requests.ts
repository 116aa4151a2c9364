import type {
  BatchRequest,
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
  UpdateRequest,
} from "@understudy/protocol";

/** `T` with the keys `K`, for which the node has defaults, made optional. */
type Defaulted<T, K extends keyof T> = Omit<T, K> & { [Key in K]?: T[Key] | undefined };

type ReadDefaults = "consistency" | "waitMs";
type WriteDefaults = "ackTimeoutMs";

/** Body of `POST /query`; what is left out takes the node's default. */
export type QueryInput = Defaulted<QueryRequest, "rows" | "maxRows" | "timeoutMs" | ReadDefaults>;
/** Body of `POST /execute`. */
export type ExecuteInput = Defaulted<ExecuteRequest, "timeoutMs" | WriteDefaults>;
/** Body of `POST /batch`. */
export type BatchInput = Defaulted<BatchRequest, "timeoutMs" | WriteDefaults>;
/** Body of `POST /insert`. */
export type InsertInput = Defaulted<InsertRequest, "onDuplicate" | WriteDefaults>;
/** Body of `POST /update`. */
export type UpdateInput = Defaulted<UpdateRequest, "all" | WriteDefaults>;
/** Body of `POST /delete`. */
export type DeleteInput = Defaulted<DeleteRequest, "all" | WriteDefaults>;
/** Body of `POST /select`. */
export type SelectInput = Defaulted<Omit<SelectRequest, "orderBy">, "limit" | "offset" | ReadDefaults> & {
  orderBy?: Defaulted<OrderBy, "direction">[] | undefined;
};
/** Body of `POST /createdb`. */
export type CreateDatabaseInput = Defaulted<CreateDatabaseRequest, "ifNotExists" | WriteDefaults>;
/** Body of `POST /dropdb`. */
export type DropDatabaseInput = Defaulted<DropDatabaseRequest, "ifExists" | WriteDefaults>;
/** Body of `POST /createtable`. */
export type CreateTableInput = Defaulted<CreateTableRequest, "ifNotExists" | WriteDefaults>;
/** Body of `POST /droptable`. */
export type DropTableInput = Defaulted<DropTableRequest, "ifExists" | WriteDefaults>;
