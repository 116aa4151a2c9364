export { CLIENT_ACCOUNTS } from "./accounts.ts";
export type { ClientAccess, ClientRight } from "./client-access.ts";
export { BeforeCommitError } from "./before-commit-error.ts";
export { parseDatabaseUrl, describeEndpoint, type DatabaseEndpoint } from "./database-endpoint.ts";
export { classifyDriverError } from "./driver-error.ts";
export {
  connectRaw,
  type ConnectRawOptions,
  type RawCommand,
  type RawConnection,
  type RawPacket,
} from "./raw-connection.ts";
export {
  buildCreateDatabase,
  buildCreateTable,
  buildDelete,
  buildDropDatabase,
  buildDropTable,
  buildInsert,
  buildSelect,
  buildUpdate,
  type BuiltStatement,
} from "./row-statements.ts";
export { detectServer, type ServerInfo } from "./server-info.ts";
export {
  openSqlExecutor,
  type BatchOptions,
  type BatchOutcome,
  type BatchStatementResult,
  type ChangeResult,
  type ClientExecutor,
  type Committed,
  type ExecuteOptions,
  type ExecuteResult,
  type ExecutorLimits,
  type NodeStatement,
  type OpenTransaction,
  type OpenTransactionOptions,
  type PoolSizes,
  type QueryOptions,
  type QueryResult,
  type RowStream,
  type SqlExecutor,
  type SqlExecutorOptions,
  type SqlStatement,
  type StreamOptions,
  type TableName,
  type TransactionQueryOptions,
} from "./sql-executor.ts";
export type { SqlParam, SqlRow, SqlSession, WriteResult } from "./sql-session.ts";
