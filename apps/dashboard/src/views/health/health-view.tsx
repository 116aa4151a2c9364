import { isUnderstudyError } from "@understudy/protocol";
import { messageOf } from "@understudy/kernel";
import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { requestJson } from "../../live/node-request.ts";
import type { Slot } from "../../state/slot.ts";
import { faultsOf } from "../../state/verdict.ts";
import type { Tone } from "../../state/wording.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { fit, wrapped } from "../../widgets/text-cells.ts";
import type { View } from "../view.ts";

const TIMEOUT_MS = 3_000;

const CHECKS = [
  { path: "/health/live", asks: "the process answers" },
  { path: "/health/ready", asks: "its database answers, its data is whole" },
  { path: "/health/master", asks: "it is the master, with a valid lease" },
  { path: "/health/slave", asks: "it is a slave, and ready" },
] as const;

interface Check {
  readonly path: string;
  readonly asks: string;
  /** Null where it is so; else why not. */
  readonly fault: string | null;
}

interface Health {
  readonly url: string;
  readonly checks: readonly Check[];
}

const HEALTH: Slot<Health | null> = { id: "health.checks", initial: null };

/** What load balancers are told, and all that is wrong. */
export const healthView: View = {
  id: "health",
  title: "Health",
  digit: "8",
  purpose: "what the attached node tells load balancers, and all that is wrong in the cluster",
  keys: [],
  reloadMs: 3_000,
  load: async (context, signal) => {
    const node = context.services.node();
    if (!node) return;
    const checks = await Promise.all(
      CHECKS.map(async ({ path, asks }): Promise<Check> => {
        try {
          await requestJson(node, { method: "GET", path }, { signal, timeoutMs: TIMEOUT_MS });
          return { path, asks, fault: null };
        } catch (error) {
          signal.throwIfAborted();
          return {
            path,
            asks,
            fault: isUnderstudyError(error) ? `${error.code}: ${error.message}` : messageOf(error),
          };
        }
      }),
    );
    context.update(HEALTH, () => ({ url: node.url, checks }));
  },
  Component: HealthChecks,
};

/** A node is either master or slave: to be the other one is no fault. */
function toneOf(check: Check): Tone {
  if (check.fault === null) return "good";
  return check.path === "/health/master" || check.path === "/health/slave" ? "quiet" : "bad";
}

function HealthChecks({ context }: { readonly context: ViewContext }): ReactNode {
  const { columns, rows } = context.area;
  const health = context.get(HEALTH);
  const { view } = context;
  const items = view
    ? [...faultsOf(view).map((text) => `! ${text}`), ...view.warnings.map((text) => `· ${text}`)]
    : [];
  const lines = items.flatMap((text) => wrapped(text, columns));
  return (
    <Box flexDirection="column">
      <TonedText isTitle>{health ? `checks of ${health.url}` : "asking …"}</TonedText>
      {(health?.checks ?? []).map((check) => (
        <TonedText key={check.path} tone={toneOf(check)}>
          {`${check.fault === null ? "✓ yes" : "× no "} ${fit(check.path, 15)} ${check.fault ?? check.asks}`}
        </TonedText>
      ))}
      <TonedText isTitle>
        {items.length === 0 ? "nothing is wrong in the cluster" : `attention (${items.length})`}
      </TonedText>
      {lines.slice(0, Math.max(0, rows - 6)).map((line, index) => (
        <TonedText key={index} tone={line.startsWith("!") ? "bad" : "notice"}>
          {line}
        </TonedText>
      ))}
    </Box>
  );
}
