import { Box } from "ink";
import type { ReactNode } from "react";
import type { Tone } from "../state/wording.ts";
import { TonedText } from "../theme/toned-text.tsx";
import { wrapped } from "./text-cells.ts";

/** A line of a view. Its text says all that its tone does. */
export interface TonedLine {
  readonly text: string;
  readonly tone: Tone;
}

/** A text as lines of at most `width` cells, all in one tone. */
export function linesOf(text: string, width: number, tone: Tone = "plain"): TonedLine[] {
  return wrapped(text, width).map((line) => ({ text: line, tone }));
}

/** The first `rows` of the lines; where more don't fit, the last one counts them. */
export function TonedLines({
  lines,
  rows,
}: {
  readonly lines: readonly TonedLine[];
  readonly rows: number;
}): ReactNode {
  if (rows <= 0) return null;
  const isCut = lines.length > rows;
  const shown = isCut ? lines.slice(0, rows - 1) : lines;
  return (
    <Box flexDirection="column" flexShrink={0}>
      {shown.map((line, index) => (
        <TonedText key={index} tone={line.tone}>
          {line.text || " "}
        </TonedText>
      ))}
      {isCut ? <TonedText tone="quiet">{`… ${lines.length - shown.length} more lines`}</TonedText> : null}
    </Box>
  );
}
