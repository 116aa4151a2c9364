import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { UnderstudyError, type QuarantinedTransaction } from "@understudy/protocol";
import { ENTRY_FILES } from "./quarantine-folders.ts";

/** What of an entry is to be printed, and by what. */
export interface ListingOptions {
  readonly folder: string;
  /** The server's program that prints binlogs. */
  readonly program: string;
  /** Only this transaction; all where null. */
  readonly transaction: QuarantinedTransaction | null;
  readonly signal: AbortSignal;
}

const STDERR_CHARACTERS_MAX = 2000;

/**
 * Prints an entry's raw file with the server's own program: statements as text, rows with their columns by position (`@1=…`). Ends
 * the program when the reader ends. Throws `internal` with the program's words where it fails.
 */
export async function* printRows(options: ListingOptions): AsyncGenerator<Buffer, void> {
  const { folder, program, transaction, signal } = options;
  signal.throwIfAborted();
  const range = transaction
    ? [`--start-position=${transaction.offset}`, `--stop-position=${transaction.offset + transaction.bytes}`]
    : [];
  const child = spawn(
    program,
    // of what the wrapper of a private program says itself, only the first option counts
    ["--no-defaults", "--verbose", "--base64-output=DECODE-ROWS", ...range, join(folder, ENTRY_FILES.raw)],
    { stdio: ["ignore", "pipe", "pipe"], signal, killSignal: "SIGKILL" },
  );
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-STDERR_CHARACTERS_MAX);
  });
  const closed = once(child, "close");
  closed.catch(() => undefined);
  try {
    for await (const chunk of child.stdout) if (Buffer.isBuffer(chunk)) yield chunk;
    await closed;
    if (child.exitCode !== 0) {
      throw new UnderstudyError("internal", `${program} could not print the transactions: ${words.trim()}`);
    }
  } finally {
    child.kill("SIGKILL");
  }
}

/** What is known of a transaction without the server's program. */
export function summaryText(transaction: QuarantinedTransaction): string {
  const lines = [`# ${transaction.gtid}, committed ${transaction.committedAt}, ${transaction.bytes} bytes`];
  for (const { database, table, inserted, updated, deleted } of transaction.tables) {
    const count = (rows: number | null): string => (rows === null ? "some" : String(rows));
    lines.push(
      `#   ${database}.${table}: ${count(inserted)} inserted, ${count(updated)} updated, ${count(deleted)} deleted`,
    );
  }
  if (transaction.moreTables > 0) lines.push(`#   and ${transaction.moreTables} more tables`);
  for (const statement of transaction.statements) lines.push(`${statement};`);
  if (transaction.moreStatements > 0) lines.push(`#   and ${transaction.moreStatements} more statements`);
  return `${lines.join("\n")}\n`;
}
