import type { ViewContext } from "../../app/view-context.ts";
import type { RunRequest } from "../../live/action-runner.ts";
import { formOverlay } from "../../overlays/form-overlay.ts";
import type { FormSubmission, Overlay } from "../../state/overlay.ts";
import type { FormField } from "../../widgets/form-model.ts";
import { parseRecord, parseWhere, recordFault, whereFault } from "../../widgets/value-text.ts";
import { showRows } from "./show-rows.ts";

const DATABASE: FormField = { id: "database", label: "database", check: nameFault };
const TABLE: FormField = { id: "table", label: "table", check: nameFault };
const PAIRS = "column=value, column='text' … or a JSON object";
const WHERE: FormField = {
  id: "where",
  label: "where",
  hint: "id=1, age>=18 … or JSON; the word all for every row",
  check: (text) => (text === "all" ? null : whereFault(text)),
};

function nameFault(text: string): string | null {
  return text.length > 64 ? "A name has at most 64 characters." : null;
}

const run = (request: RunRequest): FormSubmission => ({ kind: "run", request });

/** Menu entry 1. */
export function createDatabaseForm(): Overlay {
  return formOverlay("Create a database", [{ ...DATABASE, hint: "its name" }], ({ database = "" }) =>
    run({
      title: `creating database ${database}`,
      call: async (node, options) => {
        const { position } = await node.createDatabase({ name: database }, options);
        return { said: `created database ${database}`, position };
      },
    }),
  );
}

/** Menu entry 3 on a master; `database` where it is known. */
export function createTableForm(database = ""): Overlay {
  const columns = { id: "columns", label: "columns", hint: "SQL: id INT PRIMARY KEY, name VARCHAR(255)" };
  return formOverlay(
    "Create a table",
    [{ ...DATABASE, initial: database }, TABLE, columns],
    ({ database: name = "", table = "", columns: sql = "" }) =>
      run({
        title: `creating table ${name}.${table}`,
        call: async (node, options) => {
          const { position } = await node.createTable({ database: name, table, columns: sql }, options);
          return { said: `created table ${name}.${table}`, position };
        },
      }),
  );
}

/** Menu entry 4. */
export function insertForm(): Overlay {
  const record = { id: "record", label: "record", hint: PAIRS, check: recordFault };
  return formOverlay(
    "Insert a row",
    [DATABASE, TABLE, record],
    ({ database = "", table = "", record: text = "" }) => {
      const parsed = parseRecord(text);
      if ("error" in parsed) return { kind: "wrong", sentence: parsed.error };
      return run({
        title: `inserting into ${database}.${table}`,
        call: async (node, options) => {
          const { affectedRows, insertId } = await node.insert(
            { database, table, record: parsed.value },
            options,
          );
          return {
            said: `inserted ${affectedRows} row into ${database}.${table}${insertId === null ? "" : `, id ${insertId}`}`,
          };
        },
      });
    },
  );
}

/** Menu entry 5. */
export function selectForm(): Overlay {
  const where = { ...WHERE, isOptional: true, hint: "empty for all rows; id=1, age>=18 … or JSON" };
  return formOverlay(
    "Select rows",
    [DATABASE, TABLE, where],
    ({ database = "", table = "", where: text = "" }) => {
      const parsed = text === "" || text === "all" ? { value: undefined } : parseWhere(text);
      if ("error" in parsed) return { kind: "wrong", sentence: parsed.error };
      return run({
        title: `reading ${database}.${table}`,
        call: async (node, options) => {
          const answer = await node.select({ database, table, where: parsed.value, limit: 1_000 }, options);
          return {
            said: `${answer.rowCount} rows of ${database}.${table}, from ${answer.node} (${answer.role})`,
            show: (context) => showRows(context, `${database}.${table}`, answer),
          };
        },
      });
    },
  );
}

/** Menu entry 6. */
export function updateForm(): Overlay {
  const set = { id: "set", label: "set", hint: PAIRS, check: recordFault };
  return formOverlay("Update rows", [DATABASE, TABLE, set, WHERE], (values, context) => {
    const { database = "", table = "", where: text = "" } = values;
    const parsed = parseRecord(values["set"] ?? "");
    if ("error" in parsed) return { kind: "wrong", sentence: parsed.error };
    const condition = conditionOf(text);
    if ("error" in condition) return { kind: "wrong", sentence: condition.error };
    return afterWarning(
      context,
      {
        word: text === "all" ? table : null,
        sentence: `Every row of ${database}.${table} is changed: ${values["set"] ?? ""}.`,
      },
      {
        title: `updating ${database}.${table}`,
        call: async (node, options) => {
          const { affectedRows } = await node.update(
            { database, table, set: parsed.value, ...condition.value },
            options,
          );
          return { said: `changed ${affectedRows} rows of ${database}.${table}` };
        },
      },
    );
  });
}

/** Menu entry 7. */
export function deleteForm(): Overlay {
  return formOverlay("Delete rows", [DATABASE, TABLE, WHERE], (values, context) => {
    const { database = "", table = "", where: text = "" } = values;
    const condition = conditionOf(text);
    if ("error" in condition) return { kind: "wrong", sentence: condition.error };
    return afterWarning(
      context,
      { word: text === "all" ? table : null, sentence: `Every row of ${database}.${table} is deleted.` },
      {
        title: `deleting from ${database}.${table}`,
        call: async (node, options) => {
          const { affectedRows } = await node.delete({ database, table, ...condition.value }, options);
          return { said: `deleted ${affectedRows} rows of ${database}.${table}` };
        },
      },
    );
  });
}

/** Menu entry 8. */
export function dropForm(): Overlay {
  const table = { ...TABLE, isOptional: true, hint: "empty drops the whole database" };
  return formOverlay("Drop a table or a database", [DATABASE, table], (values, context) => {
    const { database = "", table: name = "" } = values;
    const isTable = name !== "";
    const what = isTable ? `table ${database}.${name}` : `database ${database}`;
    return afterWarning(
      context,
      {
        word: isTable ? name : database,
        sentence: `The ${what} and all rows in it are dropped, on every node. There is no way back.`,
      },
      {
        title: `dropping ${what}`,
        call: async (node, options) => {
          if (isTable) await node.dropTable({ database, table: name }, options);
          else await node.dropDatabase({ name: database }, options);
          return { said: `dropped ${what}` };
        },
      },
    );
  });
}

function conditionOf(text: string) {
  if (text === "all") return { value: { all: true } };
  const parsed = parseWhere(text);
  return "error" in parsed ? parsed : { value: { where: parsed.value } };
}

/** Runs at once where there is no `word` to be typed. */
function afterWarning(
  context: ViewContext,
  { word, sentence }: { readonly word: string | null; readonly sentence: string },
  request: RunRequest,
): FormSubmission {
  if (word === null) return run(request);
  context.open({
    kind: "danger",
    title: request.title,
    sentences: [sentence],
    word,
    editor: { text: "", cursor: 0 },
    request,
  });
  return { kind: "done" };
}
