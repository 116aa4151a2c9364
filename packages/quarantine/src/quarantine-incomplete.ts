import { UnderstudyError } from "@understudy/protocol";

/** What could not be kept, so that the node must be left as it is. `reason` ends the sentence, and is among the details. */
export function quarantineIncomplete(
  reason: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): UnderstudyError {
  return new UnderstudyError(
    "quarantine-incomplete",
    `the node's errant transactions cannot be saved whole: ${reason}`,
    { details: { ...details, reason }, ...(cause === undefined ? {} : { cause }) },
  );
}
