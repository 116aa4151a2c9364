import { ERROR_TABLE, type ErrorEntry } from "../../packages/protocol/src/index.ts";

const INTRODUCTION = `# Error codes

<!-- Made from packages/protocol/src/error-table.ts by "pnpm docs". Do not edit. -->

Every error answer is a problem document (RFC 9457, \`application/problem+json\`) whose \`code\` is one of these. Branch on
the code, never on texts. *Again* says whether the very same request may succeed later: the answer's \`retryable\`. A code
of the 500s that names configuration, the database server or the binlog also ends a node's start or its replication; it
then stands in the log and in \`GET /cluster\`.
`;

/** The text of \`docs/error-codes.md\`. */
export function errorCodesDocument(): string {
  const entries: [string, ErrorEntry][] = Object.entries(ERROR_TABLE);
  const rows = entries
    .toSorted(([, a], [, b]) => a.status - b.status)
    .map(
      ([code, { status, title, meaning, retryable }]) =>
        `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | **${cell(title)}.** ${cell(meaning)} |`,
    );
  return [INTRODUCTION, "| code | status | again | meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", String.raw`\|`);
}
