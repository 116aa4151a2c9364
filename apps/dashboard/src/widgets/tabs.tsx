import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import { cellsOf } from "./text-cells.ts";

/** Titles on one line, the chosen one in brackets; where they don't all fit, only the digits of the others are shown. */
export function Tabs({
  tabs,
  chosen,
  width,
}: {
  readonly tabs: readonly { readonly id: string; readonly digit: string; readonly title: string }[];
  readonly chosen: string;
  readonly width: number;
}): ReactNode {
  const full = tabs.map((tab) => `${tab.digit} ${tab.title}`);
  const isWide = cellsOf(full.join("  ")) + 2 <= width;
  return (
    <TonedText>
      {tabs.map((tab, index) => {
        const isChosen = tab.id === chosen;
        const name = isWide || isChosen ? (full[index] ?? "") : tab.digit;
        return (
          <TonedText key={tab.id} tone={isChosen ? "accent" : "quiet"} isTitle={isChosen}>
            {isChosen ? `[${name}]` : ` ${name} `}
          </TonedText>
        );
      })}
    </TonedText>
  );
}
