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

/** Body of `POST /query`; what is left out takes the node's default. */
export type QueryInput = Defaulted<QueryRequest, "rows" | "maxRows" | "timeoutMs">;
/** Body of `POST /execute`. */
export type ExecuteInput = Defaulted<ExecuteRequest, "timeoutMs">;
/** Body of `POST /batch`. */
export type BatchInput = Defaulted<BatchRequest, "timeoutMs">;
/** Body of `POST /insert`. */
export type InsertInput = Defaulted<InsertRequest, "onDuplicate">;
/** Body of `POST /update`. */
export type UpdateInput = Defaulted<UpdateRequest, "all">;
/** Body of `POST /delete`. */
export type DeleteInput = Defaulted<DeleteRequest, "all">;
/** Body of `POST /select`. */
export type SelectInput = Defaulted<Omit<SelectRequest, "orderBy">, "limit" | "offset"> & {
  orderBy?: Defaulted<OrderBy, "direction">[] | undefined;
};
/** Body of `POST /createdb`. */
export type CreateDatabaseInput = Defaulted<CreateDatabaseRequest, "ifNotExists">;
/** Body of `POST /dropdb`. */
export type DropDatabaseInput = Defaulted<DropDatabaseRequest, "ifExists">;
/** Body of `POST /createtable`. */
export type CreateTableInput = Defaulted<CreateTableRequest, "ifNotExists">;
/** Body of `POST /droptable`. */
export type DropTableInput = Defaulted<DropTableRequest, "ifExists">;
