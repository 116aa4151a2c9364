import { CodedError, isCodedError, type CodedErrorOptions } from "@understudy/kernel";
import { ERROR_TABLE, isErrorCode, type ErrorCode } from "./error-table.ts";

/** A {@link CodedError} whose code stands in the one error table. */
export class UnderstudyError<Code extends ErrorCode = ErrorCode> extends CodedError<Code> {
  constructor(code: Code, message: string, options: CodedErrorOptions = {}) {
    super(code, message, options);
    this.name = "UnderstudyError";
  }

  /** True where the same request may succeed later without being changed. */
  get retryable(): boolean {
    const said = this.details["retryable"];
    return typeof said === "boolean" ? said : ERROR_TABLE[this.code].retryable;
  }

  /** Under which the node's log has more; undefined where no node answered. */
  get requestId(): string | undefined {
    return this.#text("requestId");
  }

  /** With `ack-timeout`: where the write is committed all the same. */
  get position(): string | undefined {
    return this.#text("position");
  }

  /** Which statement of a batch failed, from 0. */
  get statementIndex(): number | undefined {
    const index = this.details["statementIndex"];
    return typeof index === "number" ? index : undefined;
  }

  #text(name: string): string | undefined {
    const value = this.details[name];
    return typeof value === "string" ? value : undefined;
  }
}

/** True for an {@link UnderstudyError}, optionally of one of the given codes. */
export function isUnderstudyError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is UnderstudyError<Code> {
  if (!(error instanceof UnderstudyError)) return false;
  const code = errorCodeOf(error);
  return codes.length === 0 || codes.some((one) => one === code);
}

/** The table's code for anything that was thrown; `internal` for what nobody classified. */
export function errorCodeOf(error: unknown): ErrorCode {
  return isCodedError(error) && isErrorCode(error.code) ? error.code : "internal";
}
