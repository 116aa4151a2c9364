import type { RecordInput, Value } from "@understudy/client";
import type { OutputValue, TableDescription } from "@understudy/protocol";
import { formOverlay } from "../../overlays/form-overlay.ts";
import type { Overlay } from "../../state/overlay.ts";
import { cellText, keyValue, literalOf, readLiteral } from "../../widgets/cell-text.ts";
import type { FormField } from "../../widgets/form-model.ts";
import { textEditor } from "../../widgets/text-editor.ts";
import type { Parsed } from "../../widgets/value-text.ts";
import { primaryKeyOf, readAfter } from "./data-requests.ts";

type TableColumn = TableDescription["columns"][number];

/** A row of a table, by the names of its columns. */
export interface ChosenRow {
  readonly description: TableDescription;
  readonly values: Readonly<Record<string, OutputValue>>;
}

const LITERALS = "NULL is null, '' is empty text, 0x… bytes";

/** Why rows of a table can't be changed one by one; null where they can. */
export function keyFault({ table, ...description }: TableDescription): string | null {
  return primaryKeyOf({ table, ...description }).length > 0
    ? null
    : `${table} has no primary key, so that no single row can be named: change its rows by a condition, in SQL or on the menu.`;
}

/** A form with a field for each column; what is left empty takes its default. */
export function insertRowForm(description: TableDescription): Overlay {
  const { database, table } = description;
  const columns = description.columns.filter((column) => !isGenerated(column));
  const fields = columns.map((column) => ({
    ...fieldOf(column),
    hint: `${column.type}, empty for ${defaultOf(column)} · ${LITERALS}`,
  }));
  return formOverlay(`Insert into ${database}.${table}`, fields, (values) => {
    const record = recordOf(columns, (column) => values[column.name] ?? "", "");
    if ("error" in record) return { kind: "wrong", sentence: record.error };
    return {
      kind: "run",
      request: {
        title: `inserting into ${database}.${table}`,
        call: async (node, options) => {
          const { insertId, position } = await node.insert(
            { database, table, record: record.value },
            options,
          );
          return {
            said: `inserted a row${insertId === null ? "" : `, id ${insertId}`}`,
            show: readAfter(position),
          };
        },
      },
    };
  });
}

/** A form with a row's values. Only what was changed is sent, for the row of that primary key. */
export function editRowForm(row: ChosenRow): Overlay {
  const { description } = row;
  const { database, table } = description;
  const initial = new Map(
    description.columns.map((column) => [column.name, literalOf(row.values[column.name], column)]),
  );
  const columns = description.columns.filter(
    (column) => !isGenerated(column) && initial.get(column.name) !== null,
  );
  const fields = columns.map((column) => ({
    ...fieldOf(column),
    initial: initial.get(column.name) ?? "",
    hint: `${column.type} · ${LITERALS}`,
  }));
  return formOverlay(`Edit ${rowName(row)} of ${database}.${table}`, fields, (values) => {
    const empty = columns.find((column) => (values[column.name] ?? "") === "");
    if (empty) return { kind: "wrong", sentence: `${empty.name}: write NULL, or '' for an empty text.` };
    const changed = columns.filter((column) => values[column.name] !== initial.get(column.name));
    const set = recordOf(changed, (column) => values[column.name] ?? "", null);
    if ("error" in set) return { kind: "wrong", sentence: set.error };
    if (changed.length === 0) return { kind: "wrong", sentence: "Nothing was changed." };
    return {
      kind: "run",
      request: {
        title: `changing ${rowName(row)}`,
        call: async (node, options) => {
          const { affectedRows, position } = await node.update(
            { database, table, set: set.value, where: keyOf(row) },
            options,
          );
          const said = affectedRows === 0 ? "the row is gone, or was so already" : "changed the row";
          return { said, show: readAfter(position) };
        },
      },
    };
  });
}

/** A warning before a row is deleted. */
export function deleteRowDialog(row: ChosenRow): Overlay {
  const { database, table } = row.description;
  return {
    kind: "danger",
    title: `delete a row of ${database}.${table}`,
    sentences: [`The row with ${rowName(row)} is deleted, on every node. There is no way back.`],
    word: table,
    editor: textEditor(),
    request: {
      title: `deleting ${rowName(row)}`,
      call: async (node, options) => {
        const { affectedRows, position } = await node.delete({ database, table, where: keyOf(row) }, options);
        return {
          said: affectedRows === 0 ? "the row was gone already" : "deleted the row",
          show: readAfter(position),
        };
      },
    },
  };
}

/** The condition that names the row: its primary key, each value in a form that loses nothing. */
export function keyOf({ description, values }: ChosenRow): Record<string, Value> {
  const key = primaryKeyOf(description);
  const columns = description.columns.filter(({ name }) => key.includes(name));
  return Object.fromEntries(columns.map((column) => [column.name, keyValue(values[column.name], column)]));
}

/** The row as people name it: `id=7`. */
function rowName({ description, values }: ChosenRow): string {
  const key = primaryKeyOf(description);
  const columns = description.columns.filter(({ name }) => key.includes(name));
  return columns.map((column) => `${column.name}=${cellText(values[column.name], column)}`).join(", ");
}

function fieldOf(column: TableColumn): FormField {
  return {
    id: column.name,
    label: column.name,
    isOptional: true,
    check: (text) => {
      const read = readLiteral(text, column);
      return "error" in read ? read.error : null;
    },
  };
}

/** MySQL says `DEFAULT_GENERATED` of a default that is an expression. */
function isGenerated({ extra }: TableColumn): boolean {
  return /\b(?:VIRTUAL|STORED|PERSISTENT)\b/i.test(extra);
}

function defaultOf(column: TableColumn): string {
  if (/auto_increment/i.test(column.extra)) return "the next number";
  if (column.default !== null) return `its default ${column.default}`;
  return column.nullable ? "NULL" : "its default, if it has one";
}

/** The values of `columns` as they were written, without those that are `leftOut`. */
function recordOf(
  columns: readonly TableColumn[],
  textOf: (column: TableColumn) => string,
  leftOut: string | null,
): Parsed<RecordInput> {
  const entries: (readonly [string, Value])[] = [];
  for (const column of columns) {
    const text = textOf(column);
    if (text === leftOut) continue;
    const read = readLiteral(text, column);
    if ("error" in read) return { error: `${column.name}: ${read.error}` };
    entries.push([column.name, read.value]);
  }
  return { value: Object.fromEntries(entries) };
}
