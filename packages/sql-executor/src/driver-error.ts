import { errnoOf } from "@understudy/binlog";
import { messageOf } from "@understudy/kernel";
import { isUnderstudyError, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { tlsFailureWords } from "@understudy/tls";
import { ConnectionLostError } from "./query-command.ts";

/** Server error numbers and what they mean to a client (MySQL "Server Error Message Reference", MariaDB "Error Codes"). */
const CODE_OF_ERRNO: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  ...codes(
    "sql-syntax",
    1064,
    1065,
    1149,
    1110,
    1060,
    1061,
    1063,
    1067,
    1068,
    1069,
    1072,
    1075,
    1115,
    1248,
    1273,
  ),
  ...codes(
    "sql-syntax",
    1111,
    1136,
    1140,
    1055,
    1056,
    1305,
    1318,
    1414,
    1630,
    3065,
    1241,
    1222,
    1066,
    1253,
    4161,
  ),
  ...codes("unknown-database", 1049, 1008),
  ...codes("unknown-table", 1146, 1051, 1109, 4092),
  ...codes("unknown-column", 1054, 1091, 1166, 1176),
  ...codes("duplicate-key", 1062, 1022, 1586),
  ...codes("deadlock", 1205, 1213, 1614, 3572, 1020, 3101),
  ...codes(
    "constraint",
    1048,
    1169,
    1216,
    1217,
    1364,
    1369,
    1451,
    1452,
    1557,
    3819,
    4025,
    1701,
    3730,
    1761,
    1762,
  ),
  ...codes("already-exists", 1007, 1050, 1304, 1359, 1537, 4127),
  ...codes(
    "invalid-value",
    1264,
    1265,
    1292,
    1300,
    1365,
    1366,
    1367,
    1406,
    1411,
    1416,
    1425,
    1426,
    1427,
    1439,
  ),
  ...codes(
    "invalid-value",
    1441,
    1525,
    1526,
    1690,
    3140,
    3141,
    3143,
    3144,
    3156,
    3157,
    3854,
    4038,
    1242,
    1074,
    1118,
  ),
  ...codes("invalid-value", 1102, 1103, 1059, 1166, 1153),
  ...codes("not-a-query", 1792),
  ...codes("no-leader", 1290, 1836),
  ...codes("forbidden", 1044, 1045, 1142, 1143, 1227, 1370, 1410, 1419, 1449, 1698, 3118, 4151, 3879, 1465),
  ...codes("timeout", 1317, 1969, 3024, 3169),
  ...codes("overloaded", 1040, 1203, 1226, 1041, 1135),
  ...codes("database-unavailable", 1053, 1927, 4031, 1159, 1161, 1158, 1160, 1152, 1184, 3032, 1077, 1079),
  // a full disk: nothing is wrong with the statement, and another node has room
  ...codes("database-unavailable", 3, 20, 1021, 1026, 1114, 1598),
  ...codes("not-allowed", 1235, 1286, 1295, 1336, 1422, 1314, 1192, 3161, 3098, 1785, 1911),
]);

/** Node and mysql2 names of errors of the connection itself. */
const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "PROTOCOL_UNEXPECTED_PACKET",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EACCES",
]);

function codes(code: ErrorCode, ...numbers: readonly number[]): [number, ErrorCode][] {
  return numbers.map((errno) => [errno, code]);
}

/**
 * Makes an {@link UnderstudyError} of what mysql2 or the server threw. `details` carry `errno` and `sqlState` where the
 * server said something; its message stays as text. A connection that broke is `database-unavailable`: whether a write
 * was under way is known only to whoever sent it.
 */
export function classifyDriverError(error: unknown): UnderstudyError {
  if (isUnderstudyError(error)) return error;
  const errno = errnoOf(error);
  if (errno !== undefined) {
    const sqlState = sqlStateOf(error);
    return new UnderstudyError(CODE_OF_ERRNO.get(errno) ?? codeOfSqlState(sqlState), messageOf(error), {
      cause: error,
      details: { errno, ...(sqlState === undefined ? {} : { sqlState }) },
    });
  }
  if (isConnectionError(error)) {
    return new UnderstudyError(
      "database-unavailable",
      `the database server ${tlsFailureWords(error) ?? `does not answer: ${messageOf(error)}`}`,
      { cause: error },
    );
  }
  return new UnderstudyError("internal", messageOf(error), { cause: error });
}

/** True for what the server, mysql2 or the network threw; false for everything else that passes by. */
export function isDriverError(error: unknown): boolean {
  return !(error instanceof UnderstudyError) && (errnoOf(error) !== undefined || isConnectionError(error));
}

function isConnectionError(error: unknown): boolean {
  if (error instanceof ConnectionLostError) return true;
  if (!(error instanceof Error)) return false;
  if ("fatal" in error && error.fatal === true && errnoOf(error) === undefined) return true;
  return "code" in error && typeof error.code === "string" && CONNECTION_ERRORS.has(error.code);
}

function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("sqlState" in error)) return undefined;
  return typeof error.sqlState === "string" ? error.sqlState : undefined;
}

/** Classes of the SQL standard, for the errors that the table above does not name. */
function codeOfSqlState(sqlState: string | undefined): ErrorCode {
  switch (sqlState?.slice(0, 2)) {
    case "22":
      return "invalid-value";
    case "23":
      return "constraint";
    case "28":
      return "forbidden";
    case "40":
      return "deadlock";
    case "42":
      return "sql-syntax";
    case "45":
      // SIGNAL of a client's own trigger or routine: a rule of theirs refuses the change.
      return "constraint";
    case "08":
      return "database-unavailable";
    default:
      return "invalid-request";
  }
}
