import type { WriteRecord } from "./write-record.ts";

/** A write for tests: confirmed at once, in epoch 1, unless something else is said. */
export function madeRecord(id: string, parts: Partial<WriteRecord> = {}): WriteRecord {
  const [writer = "w"] = id.split("-");
  return { id, writer, invokedMs: 0, returnedMs: 0, outcome: "confirmed", epoch: 1n, failures: [], ...parts };
}
