export {
  ClusterEvent,
  ClusterView,
  EVENT_KINDS,
  EventsAnswer,
  Lag,
  Member,
  PingAnswer,
  QueueView,
  CopyProgress,
  FollowsAnswer,
  FollowsRequest,
  RegisterAnswer,
  RegisterRequest,
} from "./cluster.ts";
export {
  BatchAnswer,
  BatchResult,
  ChangeAnswer,
  DatabaseAnswer,
  DatabaseDescription,
  DatabasesAnswer,
  ExecuteAnswer,
  InsertAnswer,
  QueryAnswer,
  Rows,
  TableAnswer,
  TableDescription,
  TablesAnswer,
  Warning,
  WriteReceipt,
} from "./data-answers.ts";
export {
  BatchRequest,
  ColumnDefinition,
  Comparison,
  CreateDatabaseRequest,
  CreateTableRequest,
  DeleteRequest,
  DropDatabaseRequest,
  DropTableRequest,
  ExecuteRequest,
  ISOLATION_LEVELS,
  InsertRequest,
  OrderBy,
  QueryRequest,
  Record_,
  SelectRequest,
  SqlCondition,
  UpdateRequest,
  Where,
} from "./data-requests.ts";
export { ERROR_TABLE, isErrorCode, type ErrorCode, type ErrorEntry } from "./error-table.ts";
export { BINLOG_MEDIA_TYPE, HEADERS, NDJSON_MEDIA_TYPE, PROBLEM_MEDIA_TYPE } from "./headers.ts";
export { Identifier, IDENTIFIER_CHARACTERS_MAX } from "./identifier.ts";
export { formatPosition, parsePosition, parsePositions, type Position } from "./position.ts";
export { Problem } from "./problem.ts";
export {
  QUARANTINE_CONFLICTS,
  QuarantineApplyRequest,
  QuarantineDiscard,
  QuarantineDiscardRequest,
  QuarantinedTable,
  QuarantinedTableColumns,
  QuarantinedTransaction,
  QuarantineEntry,
  QuarantineEntryAnswer,
  QuarantineListAnswer,
  QuarantineListQuery,
  QuarantineManifest,
  QuarantineOutcome,
  QuarantineReport,
  type QuarantineConflictKind,
} from "./quarantine.ts";
export { CONSISTENCY_LEVELS, READ_OPTIONS, ReadOptions } from "./read-options.ts";
export { CopyGiven, ReplicateAnswer, ReplicatePosition } from "./replicate.ts";
export {
  BeginAnswer,
  BeginRequest,
  CommitAnswer,
  CommitRequest,
  TRANSACTION_STATES,
  TransactionAnswer,
  TransactionExecuteAnswer,
  TransactionExecuteRequest,
  TransactionQueryAnswer,
  TransactionQueryRequest,
} from "./transactions.ts";
export { errorCodeOf, isUnderstudyError, UnderstudyError } from "./understudy-error.ts";
export { Column, InputValue, OutputValue, Params, TaggedValue, VALUE_TAGS } from "./values.ts";
export {
  FLAVOURS,
  FlavourSchema,
  MEMBER_STATES,
  MemberStateSchema,
  ROLES,
  RoleSchema,
  type Flavour,
  type MemberState,
  type Role,
} from "./vocabulary.ts";
export { ACK_NAMES, AckLevel, WRITE_OPTIONS, WriteOptions } from "./write-options.ts";
export {
  FailoverAnswer,
  OfferAnswer,
  OfferRequest,
  FailoverRequest,
  Job,
  JobsAnswer,
  JobStep,
  PlanAnswer,
  SwitchoverRequest,
} from "./failover.ts";
export { chooseWire, speaksWire, UNTOLD_WIRE, WIRE_VERSIONS, type WireRange } from "./wire-version.ts";
