import type { ClusterView } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import { TonedText } from "../../theme/toned-text.tsx";
import { faultsOf } from "../../state/verdict.ts";
import type { Tone } from "../../state/wording.ts";

interface Item {
  readonly text: string;
  readonly tone: Tone;
}

/** How many lines {@link AttentionView} has to show. */
export function attentionCountOf(view: ClusterView): number {
  return faultsOf(view).length + view.warnings.length;
}

/** Faults first, then warnings, each on a line; where they don't fit, the last line counts the rest. */
export function AttentionView({
  view,
  rows,
}: {
  readonly view: ClusterView;
  readonly rows: number;
}): ReactNode {
  const items: Item[] = [
    ...faultsOf(view).map((text) => ({ text: `! ${text}`, tone: "bad" as const })),
    ...view.warnings.map((text) => ({ text: `· ${text}`, tone: "notice" as const })),
  ];
  if (items.length === 0 || rows <= 0) return null;
  const isCut = items.length > rows;
  const shown = isCut ? items.slice(0, rows - 1) : items;
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Box height={1}>
        <TonedText tone="quiet">{`attention (${items.length})`}</TonedText>
      </Box>
      {shown.map((item) => (
        <Box key={item.text} height={1}>
          <TonedText tone={item.tone}>{item.text}</TonedText>
        </Box>
      ))}
      {isCut ? <TonedText tone="notice">{`… and ${items.length - shown.length} more`}</TonedText> : null}
    </Box>
  );
}
