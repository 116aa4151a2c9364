import { Box } from "ink";
import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import type { Tone } from "../state/wording.ts";

/** A titled frame of full width. */
export function Dialog({
  title,
  tone = "accent",
  width,
  children,
}: {
  readonly title: string;
  readonly tone?: Tone;
  readonly width: number;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Box flexDirection="column" flexShrink={0} width={width} borderStyle="round" paddingX={1}>
      <TonedText isTitle tone={tone}>
        {title}
      </TonedText>
      {children}
    </Box>
  );
}
