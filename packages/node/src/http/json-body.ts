import { UnderstudyError } from "@understudy/protocol";
import { isUtf8 } from "node:buffer";

/** Sixteen digits in a row may be more than a JSON number carries; fewer never are. */
const LONG_DIGITS = /\d{16}/;
const STRINGS = /"(?:[^"\\]|\\.)*"/g;
/** Integers only: a fraction or an exponent says that the value is meant as a float. */
const LONG_INTEGERS = /(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** The text of a JSON body. Throws `invalid-request` for bytes that are not UTF-8: they would be stored as something else. */
export function jsonTextOf(body: Buffer): string {
  if (!isUtf8(body)) {
    throw new UnderstudyError("invalid-request", "the body is not UTF-8; bytes go as base64 in a blob value");
  }
  return body.toString("utf8");
}

/**
 * Throws `invalid-request` where JSON text holds an integer that a number cannot carry exactly, since another one would be
 * stored: `{"$type": "bigint", "value": "…"}` carries it.
 */
export function refuseInexactIntegers(text: string): void {
  if (!LONG_DIGITS.test(text)) return;
  for (const [digits] of text.replaceAll(STRINGS, '""').matchAll(LONG_INTEGERS)) {
    if (BigInt(digits) === BigInt(Number(digits)) && Number.isSafeInteger(Number(digits))) continue;
    throw new UnderstudyError(
      "invalid-request",
      `the number ${digits.slice(0, 40)} is not exact as a JSON number; send {"$type": "bigint", "value": "${digits.slice(0, 40)}"}`,
    );
  }
}
