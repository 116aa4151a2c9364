import { backticked } from "@understudy/binlog";

/** White space and comments that do nothing, then the two words. */
const ALTER_EVENT = /^((?:\s|\/\*(?![!M])[^]*?\*\/|--[ \t][^\n]*\n|#[^\n]*\n)*)ALTER(\s+EVENT\s)/i;

/**
 * `ALTER EVENT` makes whoever runs it the event's definer, which here would be the applier's own account, with all its rights.
 * Its text does not name the account, but the event's status variables do: the text is given the one that ran it. Any other
 * statement is left as it is.
 */
export function keepDefiner(
  sql: Buffer,
  invoker: { readonly user: string; readonly host: string } | null,
): Buffer {
  if (invoker === null) return sql;
  const text = sql.toString("latin1");
  const match = ALTER_EVENT.exec(text);
  if (!match) return sql;
  const [all, before = "", words = ""] = match;
  const account = `${backticked(invoker.user)}@${backticked(invoker.host)}`;
  return Buffer.concat([
    Buffer.from(`${before}ALTER DEFINER=`, "latin1"),
    Buffer.from(account, "utf8"),
    Buffer.from(words + text.slice(all.length), "latin1"),
  ]);
}
