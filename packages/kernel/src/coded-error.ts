/** What a {@link CodedError} carries besides its code. */
export interface CodedErrorOptions {
  /** Facts of this case, for machines: they end up in the problem document. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class that crosses a package's door. Branch on `code`, never on `message`.
 * What a code means, its HTTP status and whether trying again helps stand in the table of `@understudy/protocol`.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CodedError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True for a {@link CodedError}, optionally of one given code. */
export function isCodedError(error: unknown, code?: string): error is CodedError {
  return error instanceof CodedError && (code === undefined || error.code === code);
}

/** A broken promise of our own code. It is never the caller's fault, and ends what it stops. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CodedError("internal", `broken invariant: ${message}`);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes an `Error` of anything that was thrown, unchanged where it is one. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
