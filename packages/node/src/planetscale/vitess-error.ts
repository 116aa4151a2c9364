import { ERROR_TABLE, isErrorCode, type ErrorCode, type Problem } from "@understudy/protocol";

/** An error in the terms of Vitess, with our own code beside them. */
export interface VitessError {
  /** Of Vitess' closed list. */
  readonly code: string;
  /** With errno and SQL state at its end where the database server gave them, as Vitess writes them. */
  readonly message: string;
  /** Understudy's code, see docs/error-codes.md. */
  readonly reason: ErrorCode;
  readonly retryable: boolean;
}

const BY_CODE: Partial<Readonly<Record<ErrorCode, string>>> = {
  "already-exists": "ALREADY_EXISTS",
  "duplicate-key": "ALREADY_EXISTS",
  "unknown-database": "NOT_FOUND",
  "unknown-table": "NOT_FOUND",
  "unknown-column": "NOT_FOUND",
  deadlock: "ABORTED",
  "transaction-expired": "ABORTED",
  constraint: "FAILED_PRECONDITION",
  "too-large": "RESOURCE_EXHAUSTED",
  "too-many-rows": "RESOURCE_EXHAUSTED",
  overloaded: "RESOURCE_EXHAUSTED",
  "rate-limited": "RESOURCE_EXHAUSTED",
  "write-uncertain": "UNKNOWN",
};
const BY_STATUS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "FAILED_PRECONDITION",
  422: "INVALID_ARGUMENT",
  500: "INTERNAL",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  508: "UNAVAILABLE",
};

/** What a driver of PlanetScale is told of a problem. */
export function vitessError({
  code,
  detail,
  errno,
  sqlState,
}: Pick<Problem, "code" | "detail" | "errno" | "sqlState">): VitessError {
  const reason = isErrorCode(code) ? code : "internal";
  const { status, retryable } = ERROR_TABLE[reason];
  const server = errno === undefined ? "" : ` (errno ${errno}) (sqlstate ${sqlState ?? "HY000"})`;
  return {
    code: BY_CODE[reason] ?? BY_STATUS[status] ?? "UNKNOWN",
    message: detail + server,
    reason,
    retryable,
  };
}
