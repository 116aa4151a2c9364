import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readText, readYaml, ROOT } from "./manifests.mjs";

const FOLDER = "docker/observability";
const documented = new Set(
  [...readText("docs/metrics.md").matchAll(/`(understudy_\w+)(?:\{[\w,]*\})?`/g)].map(([, name]) => name),
);

/** What a histogram's metrics end in. @param {string} name */
function withoutSuffix(name) {
  return name.replace(/_(?:bucket|count|sum)$/, "");
}

/** @param {string} expression @returns {string[]} */
function metricsOf(expression) {
  return [...expression.matchAll(/\bunderstudy_\w+/g)].map(([name]) => withoutSuffix(name));
}

it("alert rules ask for metrics that nodes have, and say what to do", () => {
  const rules = readYaml(`${FOLDER}/alerts.yml`).groups.flatMap((/** @type {any} */ group) => group.rules);
  expect(rules.length).toBeGreaterThan(5);
  for (const { alert, expr, labels, annotations } of rules) {
    for (const metric of metricsOf(expr)) expect(documented, alert).toContain(metric);
    expect(["critical", "warning", "info"], alert).toContain(labels.severity);
    expect(annotations.summary, alert).toMatch(/\.$/);
    expect(annotations.description, alert).toMatch(/\.$/);
  }
  expect(new Set(rules.map((/** @type {any} */ rule) => rule.alert)).size).toBe(rules.length);
});

it("the dashboard asks for metrics that nodes have, of the data source that is set up", () => {
  const dashboard = JSON.parse(readText(`${FOLDER}/grafana/dashboards/understudy.json`));
  const sources = `${FOLDER}/grafana/provisioning/datasources`;
  const [file] = readdirSync(join(ROOT, sources));
  const [source] = readYaml(`${sources}/${file}`).datasources;
  expect(dashboard.panels.length).toBeGreaterThan(8);
  for (const { title, datasource, targets } of dashboard.panels) {
    expect(datasource.uid, title).toBe(source.uid);
    for (const { expr } of targets) {
      for (const metric of metricsOf(expr)) expect(documented, title).toContain(metric);
    }
  }
});
