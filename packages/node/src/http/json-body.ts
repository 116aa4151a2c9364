import { UnderstudyError } from "@understudy/protocol";
import { isUtf8 } from "node:buffer";

/** Sixteen digits in a row may be more than a JSON number carries; fewer never are. */
const LONG_DIGITS = /\d{16}/;
/** Integers only: a fraction or an exponent says that the value is meant as a float. */
const LONG_INTEGERS = /(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
const BACKSLASH = 92;

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
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    for (const [digits] of text.slice(at, end).matchAll(LONG_INTEGERS)) refuseInexact(digits);
    at = quote < 0 ? end : endOfString(text, quote);
  }
}

/**
 * What JavaScript writes for a number reads back as that number, and goes into SQL as that text: `1152921504606847000` is how
 * every JavaScript client sends 2^60. Any other long integer would arrive as its neighbour.
 */
function refuseInexact(digits: string): void {
  if (String(Number(digits)) === digits) return;
  const shown = digits.slice(0, 40);
  throw new UnderstudyError(
    "invalid-request",
    `${shown} is more than a JSON number carries exactly; send it as {"$type": "bigint", "value": "${shown}"}`,
  );
}

/** Behind the closing quote of the string that opens at `open`; the text's end where none closes it. */
function endOfString(text: string, open: number): number {
  for (let at = open + 1; ;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}
