import { METRICS, type MetricDescription } from "../src/metrics/metric-table.ts";

/** Metrics that are not this product's: Prometheus' own, and those of every Node process. */
const FOREIGN = /^(up|process_[a-z_]+|nodejs_[a-z0-9_]+)$/;
/** What Prometheus adds to every metric, and to buckets. */
const ADDED_LABELS = ["job", "instance", "le"];
const SUFFIXES = /_(bucket|count|sum)$/;

/** A metric of a PromQL expression with what stands in its braces. */
const SELECTOR = /([a-z_][a-z0-9_]*)\{([^}]*)\}/g;
const GROUPING = /\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g;

/** What is wrong with a PromQL expression: metrics and labels that no node has. Metrics are known by their braces, so all must have them. */
export function expressionProblems(expression: string): string[] {
  const problems: string[] = [];
  const known = new Set(ADDED_LABELS);
  const selectors = [...expression.matchAll(SELECTOR)];
  if (selectors.length === 0) problems.push("it names no metric");
  for (const [, name = "", matchers = ""] of selectors) {
    if (FOREIGN.test(name)) continue;
    const description = descriptionOf(name);
    if (!description) {
      problems.push(`there is no metric ${name}`);
      continue;
    }
    for (const label of description.labels) known.add(label);
    for (const [, label = ""] of matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)) {
      if (![...ADDED_LABELS, ...description.labels].includes(label))
        problems.push(`${name} has no label ${label}`);
    }
  }
  for (const [, labels = ""] of expression.matchAll(GROUPING)) {
    for (const label of labels.split(",").map((text) => text.trim())) {
      if (!known.has(label)) problems.push(`none of its metrics has a label ${label}`);
    }
  }
  for (const [name] of expression.matchAll(/\bunderstudy_[a-z_]+(?![a-z_{])/g))
    problems.push(`${name} has no braces`);
  return problems;
}

function descriptionOf(name: string): MetricDescription | undefined {
  const table: Readonly<Record<string, MetricDescription>> = METRICS;
  const whole = table[name];
  if (whole) return whole.kind === "histogram" ? undefined : whole;
  const base = table[name.replace(SUFFIXES, "")];
  return base?.kind === "histogram" ? base : undefined;
}
