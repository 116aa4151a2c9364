import { Text } from "ink";
import { createContext, useContext, type ReactNode } from "react";
import type { Tone } from "../state/wording.ts";
import { THEMES, type ThemeName } from "./theme.ts";

/** The theme of everything below. */
export const ThemeContext = createContext<ThemeName>("dark");

interface TonedTextProps {
  readonly tone?: Tone;
  readonly isTitle?: boolean;
  readonly children: ReactNode;
}

/** One line of text that is cut at the width of its box, in double-width characters as well. May be nested. */
export function TonedText({ tone = "plain", isTitle = false, children }: TonedTextProps): ReactNode {
  const name = useContext(ThemeContext);
  const style = THEMES[name][tone];
  const bold = name !== "none" && (isTitle || style.bold === true);
  return (
    <Text wrap="truncate-end" {...style} bold={bold}>
      {children}
    </Text>
  );
}
