// What Prometheus and Grafana are told to look at must exist, and whoever is woken must find what to do.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { expressionProblems } from "./check-expression.ts";

const ROOT = join(import.meta.dirname, "../../..");

const Rules = Type.Object({
  groups: Type.Array(
    Type.Object({
      name: Type.String(),
      rules: Type.Array(
        Type.Object(
          {
            alert: Type.String(),
            expr: Type.String(),
            for: Type.Optional(Type.String()),
            labels: Type.Object({ severity: Type.Enum(["critical", "warning", "info"]) }),
            annotations: Type.Object({
              summary: Type.String(),
              description: Type.String(),
              runbook: Type.String(),
            }),
          },
          { additionalProperties: false },
        ),
      ),
    }),
  ),
});

const Dashboard = Type.Object({
  panels: Type.Array(
    Type.Object({
      id: Type.Integer(),
      title: Type.String(),
      targets: Type.Optional(Type.Array(Type.Object({ expr: Type.String() }))),
    }),
  ),
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

const ALERTS: Static<typeof Rules>["groups"][number]["rules"] = Value.Parse(
  Rules,
  parse(read("docker/observability/alerts.yml")),
).groups.flatMap(({ rules }) => rules);
const RUNBOOK = read("docs/operations.md").split(/^(?=#+ )/m);

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, "")
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}

describe("the alert rules", () => {
  it.each(ALERTS)(
    "$alert asks for what there is, and has a section that says what to do",
    ({ alert, expr, annotations }) => {
      expect(expressionProblems(expr)).toEqual([]);
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      const section = RUNBOOK.find((text) => anchorOf(text.split("\n")[0] ?? "") === alert.toLowerCase());
      expect(section?.split("\n").slice(1).join("").length).toBeGreaterThan(100);
    },
  );

  it("are all that the runbook speaks of", () => {
    const sections = RUNBOOK.flatMap((text) => /^### (Understudy\w+)$/m.exec(text)?.[1] ?? []);
    expect(sections.toSorted()).toEqual(ALERTS.map(({ alert }) => alert).toSorted());
  });
});

describe("the dashboard for Grafana", () => {
  const { panels } = Value.Parse(
    Dashboard,
    JSON.parse(read("docker/observability/grafana/dashboards/understudy.json")),
  );

  it("has panels with ids of their own", () => {
    expect(panels.length).toBeGreaterThan(20);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it.each(panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))))(
    "$title shows what there is",
    ({ expr }) => {
      expect(expressionProblems(expr.replaceAll("$__rate_interval", "1m"))).toEqual([]);
    },
  );
});

describe("the check itself", () => {
  it("finds metrics and labels that no node has", () => {
    expect(expressionProblems('sum by (job) (understudy_is_master{job="x"})')).toEqual([]);
    for (const wrong of [
      "1",
      'understudy_is_mistress{job="x"}',
      'understudy_is_master{colour="x"}',
      'sum by (route) (understudy_is_master{job="x"})',
      'understudy_ack_wait_seconds{job="x"}',
      'understudy_epoch_bucket{job="x"}',
      'understudy_epoch > understudy_is_master{job="x"}',
    ]) {
      expect(expressionProblems(wrong), wrong).not.toEqual([]);
    }
  });
});
