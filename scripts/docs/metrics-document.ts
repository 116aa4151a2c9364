import { METRICS, type MetricDescription } from "../../packages/node/src/metrics/metric-table.ts";

const INTRODUCTION = `# Metrics

<!-- Made from packages/node/src/metrics/metric-table.ts by "pnpm docs". Do not edit. -->

\`GET /metrics\` of each node, in Prometheus' text format. A gauge that has no meaning at the moment (in the other role, while the
node starts, where it can't be known) is left out; a counter is 0 then. Counters start over when the node starts, some when its role does.
Labels have few values: routes as they are declared, codes of [the error table](error-codes.md), at most 64 members (\`other\` beyond).

\`docker/observability\` has [alert rules](../docker/observability/alerts.yml), each with [what to do](operations.md#alerts), and a
Grafana dashboard. A scrape job for them:

\`\`\`yaml
scrape_configs:
  - job_name: understudy
    static_configs:
      - targets: [node1:8083, node2:8083, node3:8083]
\`\`\`
`;

const CONCLUSION = `
Besides these there are the usual ones of a Node process, among them:

| name | meaning |
|---|---|
| \`process_resident_memory_bytes\`, \`nodejs_heap_size_used_bytes\`, \`nodejs_external_memory_bytes\` | Memory. |
| \`process_cpu_seconds_total\` | CPU time. |
| \`nodejs_eventloop_lag_p99_seconds\`, \`nodejs_eventloop_lag_mean_seconds\` | How long the node is busy with one thing: what comes meanwhile waits. |
| \`nodejs_gc_duration_seconds\` | Garbage collection. |
| \`process_open_fds\`, \`process_start_time_seconds\` | Open files and connections; when it started. |
`;

/** The text of \`docs/metrics.md\`. */
export function metricsDocument(): string {
  const rows = Object.entries<MetricDescription>(METRICS).map(([name, { kind, labels, help }]) => {
    const braces = labels.length === 0 ? "" : `{${labels.join(",")}}`;
    const linked = help.replaceAll("docs/error-codes.md", "[error codes](error-codes.md)");
    return `| \`${name}${braces}\` | ${kind} | ${linked} |`;
  });
  return [INTRODUCTION, "| name | kind | meaning |", "|---|---|---|", ...rows, CONCLUSION].join("\n");
}
