import { Box } from "ink";
import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import type { FormModel } from "./form-model.ts";
import { cellsOf, cutTo, fit } from "./text-cells.ts";
import { TextInput } from "./text-input.tsx";

/** The fields of a form, one a line, as many as there is room for, with the hint of the one that has the focus and what is wrong. */
export function Form({
  form,
  width,
  height,
}: {
  readonly form: FormModel;
  readonly width: number;
  /** Lines with that of the hint; the fields around the one that has the focus are shown. */
  readonly height: number;
}): ReactNode {
  const labels = Math.min(24, Math.max(...form.fields.map((field) => cellsOf(field.label)))) + 2;
  const focused = form.fields[form.focus];
  const visible = Math.max(1, height - 1);
  const from = Math.max(0, Math.min(form.focus - visible + 1, form.fields.length - visible));
  return (
    <Box flexDirection="column" flexShrink={0}>
      {form.fields.slice(from, from + visible).map((field, at) => {
        const index = from + at;
        const isFocused = index === form.focus;
        const editor = form.editors[index] ?? { text: "", cursor: 0 };
        return (
          <Box key={field.id} height={1}>
            <TonedText tone={isFocused ? "accent" : "quiet"}>
              {`${isFocused ? "▸ " : "  "}${fit(field.label, labels)}`}
            </TonedText>
            {field.choices ? (
              <TonedText tone={isFocused ? "accent" : "plain"}>{`‹ ${editor.text} ›`}</TonedText>
            ) : (
              <TextInput editor={editor} width={width - labels - 2} isFocused={isFocused} />
            )}
          </Box>
        );
      })}
      <TonedText tone={form.error === null ? "quiet" : "bad"}>
        {cutTo(form.error === null ? `  ${focused?.hint ?? " "}` : `! ${form.error}`, width)}
      </TonedText>
    </Box>
  );
}
