import { CodedError, isCodedError, type CodedErrorOptions } from "@understudy/kernel";
import { isErrorCode, type ErrorCode } from "./error-table.ts";

/** A {@link CodedError} whose code stands in the one error table. */
export class UnderstudyError extends CodedError<ErrorCode> {
  constructor(code: ErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(code, message, options);
    this.name = "UnderstudyError";
  }
}

/** The table's code for anything that was thrown; `internal` for what nobody classified. */
export function errorCodeOf(error: unknown): ErrorCode {
  return isCodedError(error) && isErrorCode(error.code) ? error.code : "internal";
}
