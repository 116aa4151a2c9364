import type { CopyProgress } from "@understudy/protocol";

/** How far a copy is, for people. */
export function copyWords({ phase, bytesDone, bytesTotal, tablesDone, tablesTotal }: CopyProgress): string {
  return `${phase}: ${bytesDone} of about ${bytesTotal} bytes, ${tablesDone} of ${tablesTotal} tables`;
}
