import type { CallOptions, NodeClient, RowArray, RowsInput } from "@understudy/client";
import type { OutputValue, Warning } from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import { problemInWords, type RunOutcome, type RunRequest } from "../../live/action-runner.ts";
import { counted, duration, shortPosition } from "../../state/wording.ts";
import { gridRows } from "../../widgets/grid-model.ts";
import { textEditor } from "../../widgets/text-editor.ts";
import { edited, gotResult, SQL, type SqlOptions, type SqlState } from "./sql-state.ts";
import { statementOf, syntaxPlace, type Statement } from "./statement.ts";

/** What is read of a query at most, beside `maxRows`. */
const CHARACTERS_MAX = 16_000_000;
/** How long to wait for an answer beyond the statement's own time. */
const MARGIN_MS = 5_000;

/** Runs what is in the editor: at once, or after a warning; says why not where it must not. */
export function runStatement(context: ViewContext): void {
  const { text } = context.get(SQL).editor;
  const statement = statementOf(text);
  if (statement.sql === "") {
    context.say("There is no statement to run.", "notice");
    return;
  }
  if (context.isReadOnly && statement.path === "/execute") {
    context.say(`! ${statement.word || "This"} is no query, and --read-only allows nothing else.`, "notice");
    return;
  }
  // As in a shell: a blank before it keeps it out of the history.
  if (!/^\s/.test(text)) context.services.settings.remember(text);
  context.update(SQL, (state) => ({ ...state, back: 0 }));
  const request = requestOf(context, text, statement);
  if (statement.danger === null) {
    context.run(request);
    return;
  }
  const { database } = context.get(SQL).options;
  context.open({
    kind: "danger",
    title: statement.word,
    sentences: [statement.sql, database === "" ? "" : `In ${database}.`, statement.danger].filter(
      (one) => one !== "",
    ),
    word: statement.confirm,
    editor: textEditor(),
    request,
  });
}

/** The fields of a read that `options` stand for. On the master means: whatever was confirmed, which it alone can tell. */
export function readFields({ options, lastPosition }: SqlState): Partial<RowsInput> {
  if (options.place === "the master" || options.consistency === "strong") return { consistency: "strong" };
  if (options.consistency === "bounded") return { consistency: "bounded", maxLagMs: options.maxLagMs };
  if (options.consistency === "own writes" && lastPosition !== null) return { after: lastPosition };
  return {};
}

function requestOf(context: ViewContext, text: string, statement: Statement): RunRequest {
  const state = context.get(SQL);
  const { timeoutMs } = state.options;
  const run = statement.path === "/query" ? runQuery : runChange;
  return {
    title: `${statement.word} by ${statement.path}`,
    timeoutMs: timeoutMs + MARGIN_MS,
    call: async (node, options) => {
      try {
        return await run({ context, node, state, sql: statement.sql }, options);
      } catch (error) {
        if (options.signal?.aborted !== true) showFailure(context, text, problemInWords(error));
        throw error;
      }
    },
  };
}

interface Running {
  readonly context: ViewContext;
  readonly node: NodeClient;
  readonly state: SqlState;
  readonly sql: string;
}

/** Reads rows as they come, and no more than are wanted: the rest is never sent. */
async function runQuery({ context, node, state, sql }: Running, call: CallOptions): Promise<RunOutcome> {
  const { options } = state;
  const startedMs = context.services.monotonicMs();
  const request: RowsInput = {
    sql,
    ...databaseOf(options),
    ...readFields(state),
    timeoutMs: options.timeoutMs,
    rows: "arrays",
  };
  await using stream = await node.stream<RowArray>(request, call);
  const rows: OutputValue[][] = [];
  let room = CHARACTERS_MAX;
  let hasMore = false;
  for await (const row of stream) {
    if (rows.length === options.maxRows || room <= 0) {
      hasMore = true;
      break;
    }
    rows.push(row);
    room -= row.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 8), 0);
  }
  const tookMs = context.services.monotonicMs() - startedMs;
  const role = context.view?.members.find(({ nodeId }) => nodeId === stream.node);
  const behind = role?.role === "slave" && role.lag.ms !== null ? `${duration(role.lag.ms)} behind` : null;
  const said = [
    hasMore ? `the first ${counted(rows.length, "row")}, there are more` : counted(rows.length, "row"),
    `from ${stream.node ?? node.url}${role ? ` (${role.role})` : ""}`,
    behind,
    stream.position === null ? null : `at ${shortPosition(stream.position, 24)}`,
    duration(tookMs),
  ];
  const result = { kind: "rows", rows: gridRows(stream.columns, rows), said: joined(said) } as const;
  return { said: result.said, show: (now) => now.update(SQL, (one) => gotResult(one, result)) };
}

async function runChange({ state, sql, node }: Running, call: CallOptions): Promise<RunOutcome> {
  const { options } = state;
  const ack = options.ack === "default" ? undefined : options.ack === "1" ? 1 : options.ack;
  const answer = await node.execute({ sql, ...databaseOf(options), ack, timeoutMs: options.timeoutMs }, call);
  const said = joined([
    `${counted(answer.affectedRows, "row")} changed`,
    answer.insertId === null ? null : `id ${answer.insertId}`,
    answer.warnings.length === 0 ? null : `! ${counted(answer.warnings.length, "warning")}`,
    `at ${shortPosition(answer.position, 24)}`,
    answer.acks.length === 0 ? null : `acked by ${answer.acks.join(", ")}`,
    duration(answer.timeMs),
  ]);
  const result = { kind: "changed", said, warnings: answer.warnings.map(inWords) } as const;
  return {
    said,
    show: (now) => now.update(SQL, (one) => ({ ...gotResult(one, result), lastPosition: answer.position })),
  };
}

/** Keeps what was said, and puts the cursor where the server stumbled, unless the text is another by now. */
function showFailure(context: ViewContext, text: string, sentence: string): void {
  context.update(SQL, (state) => {
    const lead = text.length - text.trimStart().length;
    const at = sentence.startsWith("sql-syntax") ? syntaxPlace(text.trim(), sentence) : null;
    if (at === null || state.editor.text !== text)
      return gotResult(state, { kind: "failed", said: sentence });
    const cursor = Math.min(text.length, lead + at);
    const lines = text.slice(0, cursor).split("\n");
    const said = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}: ${sentence}`;
    return gotResult(edited(state, { text, cursor }), { kind: "failed", said });
  });
}

function databaseOf({ database }: SqlOptions): { readonly database?: string } {
  return database === "" ? {} : { database };
}

function inWords({ level, errno, message }: Warning): string {
  return `${level.toLowerCase()} ${errno}: ${message}`;
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(" · ");
}
