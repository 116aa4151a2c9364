import { Text } from "ink";
import { createContext, useContext, type ReactNode } from "react";
import type { Tone } from "./wording.ts";

/** False where NO_COLOR is set or the output is no terminal: then no colour and no brightness is used. */
export const ColourContext = createContext(true);

interface TonedTextProps {
  readonly tone?: Tone;
  readonly isTitle?: boolean;
  readonly children: ReactNode;
}

/** One line of text that is cut at the width of its box, in double-width characters as well. */
export function TonedText({ tone = "plain", isTitle = false, children }: TonedTextProps): ReactNode {
  const isColourful = useContext(ColourContext);
  if (!isColourful) return <Text wrap="truncate-end">{children}</Text>;
  return (
    <Text wrap="truncate-end" bold={isTitle} dimColor={tone === "quiet"} {...colourOf(tone)}>
      {children}
    </Text>
  );
}

function colourOf(tone: Tone): { color?: string } {
  switch (tone) {
    case "good":
      return { color: "green" };
    case "notice":
      return { color: "yellow" };
    case "bad":
      return { color: "red" };
    case "quiet":
    case "plain":
      return {};
    default:
      return tone satisfies never;
  }
}
