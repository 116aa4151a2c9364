import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import { cellsOf, cutTo } from "./text-cells.ts";

/** Something with a tab. */
export interface Tab {
  readonly id: string;
  readonly digit: string;
  readonly title: string;
}

const LETTERS_MAX = 20;
const LETTERS_MIN = 3;
/** With fewer letters than these an ellipsis would tell less than the letter in its place. */
const LETTERS_WITH_ELLIPSIS = 5;

/** Titles on one line, the chosen one whole and in brackets; see {@link tabNames}. */
export function Tabs({
  tabs,
  chosen,
  width,
}: {
  readonly tabs: readonly Tab[];
  readonly chosen: string;
  readonly width: number;
}): ReactNode {
  const names = tabNames(tabs, chosen, width);
  return (
    <TonedText>
      {tabs.map((tab, index) => {
        const isChosen = tab.id === chosen;
        return (
          <TonedText key={tab.id} tone={isChosen ? "accent" : "quiet"} isTitle={isChosen}>
            {`${index > 0 ? " " : ""}${names[index] ?? ""}`}
          </TonedText>
        );
      })}
    </TonedText>
  );
}

/** Each tab as it is named: with as many letters as fit when all but the chosen one are cut to the same length, at last with its digit alone. */
export function tabNames(tabs: readonly Tab[], chosen: string, width: number): readonly string[] {
  const named = (letters: number): string[] =>
    tabs.map(({ id, digit, title }) => {
      if (id === chosen) return `[${digit} ${title}]`;
      const cut = letters < LETTERS_WITH_ELLIPSIS ? title.slice(0, letters) : cutTo(title, letters);
      return `${digit} ${cut}`.trimEnd();
    });
  for (let letters = LETTERS_MAX; letters >= LETTERS_MIN; letters--) {
    const names = named(letters);
    if (cellsOf(names.join(" ")) <= width) return names;
  }
  return named(0);
}
