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
} from "./node-client.ts";
export type {
  BatchInput,
  CreateDatabaseInput,
  CreateTableInput,
  DeleteInput,
  DropDatabaseInput,
  DropTableInput,
  ExecuteInput,
  InsertInput,
  QueryInput,
  SelectInput,
  UpdateInput,
} from "./requests.ts";
export type {
  ReadCalls,
  UnderstudyClient,
  UnderstudyClientOptions,
  WriteCalls,
} from "./understudy-client.ts";
