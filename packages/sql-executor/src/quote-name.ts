import { backticked } from "@understudy/binlog";
import { IDENTIFIER_CHARACTERS_MAX, UnderstudyError } from "@understudy/protocol";

/** A name in backticks, so that it can be nothing but a name. Throws `invalid-request` for what no server takes as one. */
export function quoteName(name: string): string {
  if (
    name === "" ||
    name.length > IDENTIFIER_CHARACTERS_MAX ||
    name.includes("\u0000") ||
    name.endsWith(" ")
  ) {
    throw new UnderstudyError(
      "invalid-request",
      `${JSON.stringify(name.slice(0, 80))} is not a name: 1 to ${IDENTIFIER_CHARACTERS_MAX} characters, no NUL, no space at its end`,
    );
  }
  if (!name.isWellFormed())
    throw new UnderstudyError("invalid-request", "a name holds half of a surrogate pair");
  return backticked(name);
}
