/** The minimum of a session that the checks need: runs one statement and gives its rows by column name. */
export interface ServerQuestions {
  rows(sql: string): Promise<Record<string, string | number | null>[]>;
}
