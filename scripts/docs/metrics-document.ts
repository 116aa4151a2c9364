import { NODE_METRICS } from "../../packages/node/src/node-metrics.ts";

const INTRODUCTION = `# Metrics

<!-- Made from packages/node/src/node-metrics.ts by "pnpm docs". Do not edit. -->

\`GET /metrics\` of each node, in Prometheus' text format. A value that has no meaning at the moment (in the other role, while the
node starts, where it can't be known) is \`NaN\`; a total is 0 then. Totals start over when the node starts.
`;

/** Those that carry labels, and so are no \`NodeMetric\`. */
const OTHERS = [
  "| `understudy_member_lag_seconds{member}` | value | How far each member is behind, as the master sees it. |",
  "| `understudy_client_requests` | value | Client requests under way. |",
  "| `understudy_client_bodies_bytes` | value | Bytes that the bodies of client requests under way hold. |",
  "| `understudy_refused_total{reason}` | total | Client requests and connections that were refused at once, by what there was too much of: `requests`, `bodies`, `connections`. |",
  "| `understudy_http_request_duration_seconds{method,route,status}` | histogram | Time from a request's arrival to its answer. |",
];

const CONCLUSION = `
Besides these there are the usual ones of a Node process: \`process_*\` and \`nodejs_*\`.
`;

/** The text of \`docs/metrics.md\`. */
export function metricsDocument(): string {
  const rows = NODE_METRICS.map(({ name, kind, help }) => `| \`${name}\` | ${kind} | ${help} |`);
  return [INTRODUCTION, "| name | kind | meaning |", "|---|---|---|", ...rows, ...OTHERS, CONCLUSION].join(
    "\n",
  );
}
