import type { RunRequest } from "../live/action-runner.ts";
import type { ViewContext } from "../app/view-context.ts";
import type { FormModel, FormValues } from "../widgets/form-model.ts";
import type { TableModel } from "../widgets/table-model.ts";
import type { TextEditor } from "../widgets/text-editor.ts";

/** What submitting a form leads to: a call, while which the form is away and after whose failure it comes back; a sentence that it shows; or nothing more. */
export type FormSubmission =
  | { readonly kind: "run"; readonly request: RunRequest }
  | { readonly kind: "wrong"; readonly sentence: string }
  | { readonly kind: "done" };

/** Questions and answers that lie over a view; the last opened has the keys. */
export type Overlay =
  | { readonly kind: "help"; readonly scroll: number }
  | { readonly kind: "palette"; readonly editor: TextEditor; readonly cursor: number }
  | { readonly kind: "filter"; readonly viewId: string; readonly editor: TextEditor }
  | {
      readonly kind: "form";
      readonly title: string;
      readonly form: FormModel;
      readonly submit: (values: FormValues, context: ViewContext) => FormSubmission;
    }
  | {
      readonly kind: "danger";
      readonly title: string;
      /** What will be done, in whole sentences. */
      readonly sentences: readonly string[];
      /** To be typed before it is done: a node's, a database's or a table's name. */
      readonly word: string;
      readonly editor: TextEditor;
      readonly request: RunRequest;
      /** First line in sight where not all of it fits. */
      readonly scroll?: number;
    }
  | {
      readonly kind: "result";
      readonly title: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly table: TableModel;
      /** Said where there are no rows. */
      readonly empty: string;
    }
  | { readonly kind: "text"; readonly title: string; readonly text: string; readonly scroll: number };

/** An overlay with its number, by which later answers find it. */
export interface OpenOverlay {
  readonly id: number;
  readonly overlay: Overlay;
}
