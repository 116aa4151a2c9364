import { LOG_EVENTS } from "../../packages/node/src/logging/log-events.ts";

const INTRODUCTION = `# Log events

<!-- Made from packages/node/src/logging/log-events.ts by "pnpm docs". Do not edit. -->

Every line of a node's log is a JSON object with \`level\`, \`time\` (milliseconds since 1970), \`node\`, \`role\` (the app that was started, not who leads), \`event\`, and a
sentence, \`msg\`. Events are stable; sentences are not. Where the work of a traced request logs something, \`traceId\` and \`spanId\` are there as well.
[operations.md](operations.md#logs) says how to follow one request through two nodes.
`;

/** The text of \`docs/logs.md\`. */
export function logsDocument(): string {
  const rows = Object.entries(LOG_EVENTS).map(
    ([name, { level, meaning }]) => `| \`${name}\` | ${level} | ${meaning} |`,
  );
  return [INTRODUCTION, "| event | level | meaning |", "|---|---|---|", ...rows, ""].join("\n");
}
