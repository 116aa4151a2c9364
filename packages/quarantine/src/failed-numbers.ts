import type { BinlogEvent, ServerQuestions } from "@understudy/binlog";
import { TransactionGrouper } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import { hasBusySession } from "./busy-sessions.ts";

/**
 * True where numbers that a server counts belong to no transaction. MariaDB counts a write's number before it writes the binlog, and does not take it
 * back where that fails, as on a full disk; such a write is rolled back. So nothing is in the binlog behind the last transaction that was
 * read, and no session is there that might still bring it. MySQL gives no number away for nothing.
 */
export async function areFailedNumbers(
  flavour: Flavour,
  {
    server,
    after,
  }: { readonly server: ServerQuestions; readonly after: AsyncIterable<readonly BinlogEvent[]> },
): Promise<boolean> {
  if (flavour !== "mariadb" || (await hasTransaction(after, flavour))) return false;
  return !(await hasBusySession(server));
}

async function hasTransaction(
  binlog: AsyncIterable<readonly BinlogEvent[]>,
  flavour: Flavour,
): Promise<boolean> {
  const grouper = new TransactionGrouper(flavour);
  for await (const batch of binlog) {
    for (const event of batch) if (grouper.push(event).some(({ kind }) => kind === "begin")) return true;
  }
  return grouper.insideTransaction;
}
