export { connect } from "./connect.ts";
export { createNodeClient } from "./http-node-client.ts";
export type {
  CallOptions,
  DeliverRequest,
  ForwardAnswer,
  ForwardReadRequest,
  ForwardRequest,
  ForwardStream,
  NodeClient,
  NodeClientOptions,
  TokenSource,
} from "./node-client.ts";
export type {
  BatchInput,
  BeginInput,
  ColumnInput,
  CommitInput,
  ComparisonInput,
  CreateDatabaseInput,
  CreateTableInput,
  DeleteInput,
  DropDatabaseInput,
  DropTableInput,
  ExecuteInput,
  InsertInput,
  QueryInput,
  RecordInput,
  RowsInput,
  SelectInput,
  Statement,
  TransactionExecuteInput,
  TransactionQueryInput,
  UpdateInput,
  WhereInput,
} from "./requests.ts";
export type { RowStream } from "./row-stream.ts";
export type { SqlOptions, WriteCallOptions } from "./sql-call.ts";
export type {
  Transaction,
  TransactionOptions,
  TransactionQueryResult,
  TransactionRunOptions,
} from "./transaction.ts";
export type {
  QueryResult,
  ReadCalls,
  Session,
  SessionOptions,
  UnderstudyClient,
  UnderstudyClientOptions,
  WriteCalls,
} from "./understudy-client.ts";
export {
  bigint,
  blob,
  datetime,
  decimal,
  json,
  type RowArray,
  type RowObject,
  type Value,
  type ValueParams,
} from "./values.ts";
// Whoever uses the client needs no other package of ours.
export type { TlsSource } from "@understudy/tls";
export { isUnderstudyError, UnderstudyError, type ErrorCode } from "@understudy/protocol";
