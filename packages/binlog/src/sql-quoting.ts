/** A name of SQL in backticks, so that it can be nothing but a name. Does not check whether a server takes it as one. */
export function backticked(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A string literal of SQL for a session whose `sql_mode` lacks `NO_BACKSLASH_ESCAPES`. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
