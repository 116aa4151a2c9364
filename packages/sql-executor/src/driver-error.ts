import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** Makes an {@link UnderstudyError} of what mysql2 threw; `details` carry `errno` and `sqlState`. */
export function classifyDriverError(error: unknown): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  return new UnderstudyError("internal", messageOf(error), { cause: error });
}
