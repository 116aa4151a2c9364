import type { KeyPress } from "../keys/key-press.ts";
import { editText, insertText, textEditor, type TextEditor } from "./text-editor.ts";

/** One field of a form. */
export interface FormField {
  readonly id: string;
  readonly label: string;
  /** What may be written, shown while the field has the focus. */
  readonly hint?: string;
  readonly initial?: string;
  /** True where it may stay empty. */
  readonly isOptional?: boolean;
  /** Left and Right step through these; nothing else is taken. */
  readonly choices?: readonly string[];
  /** What is wrong with the text, in one sentence; null where nothing is. Not asked for an empty one. */
  readonly check?: (text: string) => string | null;
}

/** A form being filled in. */
export interface FormModel {
  readonly fields: readonly FormField[];
  readonly editors: readonly TextEditor[];
  readonly focus: number;
  readonly error: string | null;
}

/** The texts of a form by the ids of its fields. */
export type FormValues = Readonly<Record<string, string>>;

/** What a key made of a form. */
export type FormOutcome =
  | { readonly kind: "editing"; readonly form: FormModel }
  | { readonly kind: "submitted"; readonly form: FormModel; readonly values: FormValues }
  | { readonly kind: "cancelled" };

/** A form with the focus on its first field that is empty. */
export function createForm(fields: readonly FormField[]): FormModel {
  const editors = fields.map((field) => textEditor(field.initial ?? field.choices?.[0] ?? ""));
  const empty = editors.findIndex((editor) => editor.text === "");
  return { fields, editors, focus: Math.max(0, empty), error: null };
}

/** The form after a key: Enter goes on to the next field and submits on the last, Ctrl-S submits at once, Esc cancels. */
export function pressForm(form: FormModel, press: KeyPress): FormOutcome {
  const last = form.fields.length - 1;
  switch (press.name) {
    case "Esc":
      return { kind: "cancelled" };
    case "Tab":
    case "Down":
      return editing(form, { focus: form.focus === last ? 0 : form.focus + 1, error: null });
    case "Shift-Tab":
    case "Up":
      return editing(form, { focus: form.focus === 0 ? last : form.focus - 1, error: null });
    case "Ctrl-s":
      return submitted(form);
    case "Enter": {
      const error = faultOf(form, form.focus);
      if (error !== null) return editing(form, { error });
      return form.focus === last ? submitted(form) : editing(form, { focus: form.focus + 1, error: null });
    }
    default:
      return editing(form, typed(form, press));
  }
}

/** The form after a paste into the field that has the focus. */
export function pasteIntoForm(form: FormModel, text: string): FormModel {
  if (form.fields[form.focus]?.choices) return form;
  return withEditor(form, (editor) => insertText(editor, text));
}

function typed(form: FormModel, press: KeyPress): Partial<FormModel> {
  const choices = form.fields[form.focus]?.choices;
  if (!choices) return withEditor(form, (editor) => editText(editor, press) ?? editor);
  const step = press.name === "Left" ? -1 : press.name === "Right" || press.name === " " ? 1 : 0;
  return withEditor(form, (editor) => {
    const at = choices.indexOf(editor.text) + step + choices.length;
    return textEditor(choices[at % choices.length] ?? editor.text);
  });
}

function withEditor(form: FormModel, change: (editor: TextEditor) => TextEditor): FormModel {
  const editors = form.editors.map((editor, index) => (index === form.focus ? change(editor) : editor));
  return { ...form, editors, error: null };
}

function editing(form: FormModel, change: Partial<FormModel>): FormOutcome {
  return { kind: "editing", form: { ...form, ...change } };
}

function submitted(form: FormModel): FormOutcome {
  for (const index of form.fields.keys()) {
    const error = faultOf(form, index);
    if (error !== null) return editing(form, { focus: index, error });
  }
  const values = Object.fromEntries(
    form.fields.map((field, index) => [field.id, (form.editors[index]?.text ?? "").trim()]),
  );
  return { kind: "submitted", form, values };
}

function faultOf(form: FormModel, index: number): string | null {
  const field = form.fields[index];
  const text = (form.editors[index]?.text ?? "").trim();
  if (!field) return null;
  if (text === "") return field.isOptional === true ? null : `${field.label} is needed.`;
  return field.check?.(text) ?? null;
}
