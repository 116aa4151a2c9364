import { UnderstudyError, type InputValue, type TaggedValue } from "@understudy/protocol";

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 64n - 1n;
const DECIMAL = /^[+-]?(?:\d{1,65}(?:\.\d{0,30})?|\.\d{1,30})$/;
const DATETIME = /^[0-9.:+\- T]{1,40}$/;
/** Without groups, since each group that repeats costs the matcher stack: a blob has millions of them. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The value as an SQL literal that can be nothing but that value. `parameter` names it in errors. Throws `invalid-value`. */
export function sqlLiteral(value: InputValue, parameter: string): string {
  if (value === null) return "NULL";
  switch (typeof value) {
    case "boolean":
      return value ? "TRUE" : "FALSE";
    case "number":
      if (!Number.isFinite(value)) throw misfit(parameter, "is not a finite number");
      return String(value);
    case "string":
      return quoteText(value, parameter);
    default:
      return taggedLiteral(value, parameter);
  }
}

function taggedLiteral({ $type, value }: TaggedValue, parameter: string): string {
  switch ($type) {
    case "blob":
      if (!isBase64(value)) throw misfit(parameter, "is not base64");
      return bytesLiteral(Buffer.from(value, "base64"));
    case "bigint":
      return bigintLiteral(value, parameter);
    case "decimal":
      if (!DECIMAL.test(value)) throw misfit(parameter, "is not a decimal number of at most 65 digits");
      return value;
    case "datetime":
      if (!DATETIME.test(value)) {
        throw misfit(
          parameter,
          "is not a date or time such as 2026-01-31 23:59:59.123456 (no time zone letter)",
        );
      }
      return `'${value.replace("T", " ")}'`;
    case "json":
      try {
        JSON.parse(value);
      } catch {
        throw misfit(parameter, "is not JSON text");
      }
      return quoteText(value, parameter);
    default:
      $type satisfies never;
      throw misfit(parameter, "has an unknown $type");
  }
}

/** RFC 4648, section 4; the padding may be left out. */
function isBase64(text: string): boolean {
  if (!BASE64.test(text)) return false;
  const digits = text.length - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  const isPadded = digits < text.length;
  return digits % 4 !== 1 && (!isPadded || text.length % 4 === 0);
}

function bigintLiteral(value: string, parameter: string): string {
  if (!/^[+-]?\d{1,20}$/.test(value)) throw misfit(parameter, "is not an integer");
  const number = BigInt(value.replace("+", ""));
  if (number < BIGINT_MIN || number > BIGINT_MAX) throw misfit(parameter, "does not fit 64 bits");
  return String(number);
}

/** A binary string literal. */
export function bytesLiteral(bytes: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = bytes;
  return `_binary x'${Buffer.from(buffer, byteOffset, byteLength).toString("hex")}'`;
}

/** A text literal under a sql_mode without NO_BACKSLASH_ESCAPES. Throws `invalid-value` for text that UTF-8 cannot carry. */
export function quoteText(text: string, parameter: string): string {
  if (!text.isWellFormed()) throw misfit(parameter, "holds half of a surrogate pair");
  return `'${text.replace(/[\\'\u0000]/g, (char) => (char === "\u0000" ? "\\0" : `\\${char}`))}'`;
}

function misfit(parameter: string, reason: string): UnderstudyError {
  return new UnderstudyError("invalid-value", `parameter ${parameter} ${reason}`, { details: { parameter } });
}
