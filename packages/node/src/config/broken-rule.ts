import type { BrokenRule } from "@understudy/election";
import type { Environment } from "./read-settings.ts";

/**
 * Names a safety rule that this node is not to keep. It is no setting and no way to run a cluster: drills use it to show that their
 * checks see what happens without the rule (`pnpm chaos --broken`). See `BROKEN_RULES` of the election.
 */
export const BROKEN_RULE_VARIABLE = "UNDERSTUDY_UNSAFE_BROKEN_RULE";

/** Those that real nodes can break; the others belong to what simulations put in a node's place. */
const BREAKABLE: readonly BrokenRule[] = ["fence", "epoch-check", "acks", "sync-order"];

/** The rule to break; null, as everywhere but in drills, for none. Adds to `problems` where it may not be broken here. */
export function brokenRuleOf(environment: Environment, problems: string[]): BrokenRule | null {
  const text = environment[BROKEN_RULE_VARIABLE];
  if (text === undefined || text === "") return null;
  if (environment["NODE_ENV"] !== "test") {
    problems.push(
      `${BROKEN_RULE_VARIABLE} makes a node lose confirmed writes; it is only taken in tests (NODE_ENV=test)`,
    );
    return null;
  }
  const rule = BREAKABLE.find((one) => one === text);
  if (!rule) problems.push(`${BROKEN_RULE_VARIABLE} takes ${BREAKABLE.join(", ")}, not "${text}"`);
  return rule ?? null;
}
