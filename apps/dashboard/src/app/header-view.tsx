import type { ClusterView } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import { verdictOf } from "../state/verdict.ts";
import { age, type Tone } from "../state/wording.ts";

interface HeaderViewProps {
  readonly view: ClusterView;
  /** The node that was asked. */
  readonly url: string;
  readonly ageMs: number;
  /** True where no node answers now, so that nobody knows how the cluster is. */
  readonly isUnreachable: boolean;
}

interface Sign {
  readonly text: string;
  readonly tone: Tone;
}

const SIGNS = {
  healthy: { text: "● healthy", tone: "good" },
  degraded: { text: "! degraded", tone: "bad" },
  unreachable: { text: "× unreachable", tone: "bad" },
} as const satisfies Record<string, Sign>;

/** Two lines: which cluster, how it is and how old that is; who leads, and who says so. */
export function HeaderView({ view, url, ageMs, isUnreachable }: HeaderViewProps): ReactNode {
  const sign: Sign = SIGNS[isUnreachable ? "unreachable" : verdictOf(view)];
  const leader = view.leader ? `master ${view.leader.nodeId} ${view.leader.url}` : "no master";
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Box height={1} columnGap={2}>
        <TonedText isTitle>Understudy</TonedText>
        <Box flexShrink={0}>
          <TonedText tone={sign.tone}>{sign.text}</TonedText>
        </Box>
        <Box flexGrow={1} flexBasis={0}>
          <TonedText tone="quiet">{`cluster ${view.clusterId}`}</TonedText>
        </Box>
        <Box flexShrink={0}>
          <TonedText tone={ageMs < 5_000 ? "quiet" : "bad"}>{`as of ${age(ageMs)}`}</TonedText>
        </Box>
      </Box>
      <Box height={1}>
        <TonedText>{`${leader} · epoch ${view.epoch} · ${view.election} · seen from ${view.self} ${url}`}</TonedText>
      </Box>
    </Box>
  );
}
