import type { ForwardAnswer } from "@understudy/client";
import { isErrorCode, type ErrorCode } from "@understudy/protocol";

/** The code of an error answer; null for any other. */
export function problemCodeOf({ status, body }: ForwardAnswer): ErrorCode | null {
  if (status < 400) return null;
  try {
    const problem: unknown = JSON.parse(body.toString("utf8"));
    const code: unknown =
      typeof problem === "object" && problem !== null && "code" in problem && problem.code;
    return typeof code === "string" && isErrorCode(code) ? code : null;
  } catch {
    return null;
  }
}
