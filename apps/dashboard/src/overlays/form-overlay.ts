import type { ViewContext } from "../app/view-context.ts";
import type { FormSubmission, Overlay } from "../state/overlay.ts";
import { createForm, type FormField, type FormValues } from "../widgets/form-model.ts";

/** A form over the view, with its first field in hand. */
export function formOverlay(
  title: string,
  fields: readonly FormField[],
  submit: (values: FormValues, context: ViewContext) => FormSubmission,
): Overlay {
  return { kind: "form", title, form: createForm(fields), submit };
}
