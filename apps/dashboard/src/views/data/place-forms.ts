import type { ViewContext } from "../../app/view-context.ts";
import { formOverlay } from "../../overlays/form-overlay.ts";
import type { Overlay } from "../../state/overlay.ts";
import { textEditor } from "../../widgets/text-editor.ts";
import { createDatabaseForm, createTableForm } from "../menu/menu-forms.ts";
import { askRequest, readAfter } from "./data-requests.ts";
import { askedFor, DATA, levelOf, type DataState } from "./data-state.ts";

/** The menu's form for what can be made here: a database, or a table in the one that is open. */
export function createPlaceForm(state: DataState): Overlay {
  const overlay =
    levelOf(state) === "databases" ? createDatabaseForm() : createTableForm(state.database ?? "");
  if (overlay.kind !== "form") return overlay;
  return {
    ...overlay,
    submit: (values, context) => {
      const submission = overlay.submit(values, context);
      if (submission.kind !== "run") return submission;
      const { request } = submission;
      const call: typeof request.call = async (node, options) => {
        const outcome = await request.call(node, options);
        return { ...outcome, show: readAfter(outcome.position) };
      };
      return { kind: "run", request: { ...request, call } };
    },
  };
}

/** The warning before a table, or a database where `table` is null, is dropped. */
export function dropDialog({
  database,
  table,
}: {
  readonly database: string;
  readonly table: string | null;
}): Overlay {
  const what = table === null ? `database ${database}` : `table ${database}.${table}`;
  return {
    kind: "danger",
    title: `drop ${what}`,
    sentences: [`The ${what} and all rows in it are dropped, on every node. There is no way back.`],
    word: table ?? database,
    editor: textEditor(),
    request: {
      title: `dropping ${what}`,
      call: async (node, options) => {
        const { position } =
          table === null
            ? await node.dropDatabase({ name: database }, options)
            : await node.dropTable({ database, table }, options);
        return { said: `dropped ${what}`, show: readAfter(position) };
      },
    },
  };
}

/** The filter of the rows, with what it is now. What the node says against it brings it back. */
export function whereForm(context: ViewContext): Overlay {
  const { ask: asked, table } = context.get(DATA);
  const field = {
    id: "where",
    label: "where",
    initial: asked.where,
    isOptional: true,
    hint: `id>=1, name='Ada' · or SQL: name LIKE 'A%' OR id < 5 · empty for all`,
  };
  return formOverlay(`Which rows of ${table ?? ""}?`, [field], ({ where = "" }, now) => {
    const state = now.get(DATA);
    return { kind: "run", request: askRequest(state, askedFor(state.ask, { where })) };
  });
}
