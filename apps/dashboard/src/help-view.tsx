import { Box } from "ink";
import type { ReactNode } from "react";
import { KEY_BINDINGS } from "./key-bindings.ts";
import { TonedText } from "./toned-text.tsx";

/** All keys, out of their table. */
export function HelpView(): ReactNode {
  return (
    <Box flexDirection="column" flexGrow={1}>
      <TonedText isTitle>keys</TonedText>
      {KEY_BINDINGS.map((binding) => (
        <Box key={binding.command} height={1}>
          <Box width={12} flexShrink={0}>
            <TonedText>{binding.keys}</TonedText>
          </Box>
          <TonedText>{binding.does}</TonedText>
        </Box>
      ))}
    </Box>
  );
}

/** All keys on one line. */
export function KeyLine(): ReactNode {
  return (
    <Box height={1} flexShrink={0}>
      <TonedText tone="quiet">
        {KEY_BINDINGS.map((binding) => `${binding.keys} ${binding.does}`).join(" · ")}
      </TonedText>
    </Box>
  );
}
