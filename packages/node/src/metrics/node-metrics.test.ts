import { describe, expect, it } from "vitest";
import { METRICS, type MetricDescription } from "./metric-table.ts";
import { NodeMetrics } from "./node-metrics.ts";

const TABLE = Object.entries<MetricDescription>(METRICS);

describe("the table of metrics", () => {
  it.each(TABLE)("%s keeps to Prometheus' conventions", (name, { kind, help, labels, buckets }) => {
    expect(name).toMatch(/^understudy_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith("_total")).toBe(kind === "counter");
    // base units, and where there is one it ends the name
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|percent)(_|$)|_(seconds|bytes)_(?!total$)/);
    expect(name).not.toMatch(/_(count|sum|bucket)$/);
    expect(buckets === undefined).toBe(kind !== "histogram");
    if (kind === "histogram") expect(name).toMatch(/_seconds$/);
    for (const label of labels) {
      expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(["le", "quantile", "job", "instance"]).not.toContain(label);
    }
    expect(help).toMatch(/^[A-Z0-9][^]*\.$/);
  });
});

describe("the metrics of a node", () => {
  it("are left out where they have no meaning, and never kept from an earlier reading", async () => {
    const metrics = new NodeMetrics();
    let lag: number | null = 0.5;
    metrics.onRead(() => metrics.set("understudy_lag_seconds", {}, lag));
    expect(await metrics.text()).toMatch(/^understudy_lag_seconds 0\.5$/m);
    lag = null;
    expect(await metrics.text()).not.toMatch(/^understudy_lag_seconds /m);
  });

  it("are the same for those who ask at the same time", async () => {
    const metrics = new NodeMetrics();
    metrics.onRead(() => metrics.set("understudy_epoch", {}, 7));
    metrics.onRead(() => new Promise((done) => setImmediate(done)));
    const texts = await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    expect(texts.every((text) => /^understudy_epoch 7$/m.test(text))).toBe(true);
  });

  it("are told although a part of them can't be read", async () => {
    const metrics = new NodeMetrics();
    metrics.onRead(() => Promise.reject(new Error("no such folder")));
    metrics.onRead(() => metrics.set("understudy_epoch", {}, 7));
    expect(await metrics.text()).toMatch(/^understudy_epoch 7$/m);
  });

  it("know a bounded number of members, whatever names come", async () => {
    const metrics = new NodeMetrics();
    for (let index = 0; index < 1000; index++) {
      metrics.count("understudy_delivered_transactions_total", { member: `node${index}` }, 2);
    }
    const lines = (await metrics.text()).match(/^understudy_delivered_transactions_total\{.*$/gm) ?? [];
    expect(lines).toHaveLength(65);
    expect(lines).toContain(`understudy_delivered_transactions_total{member="other"} ${(1000 - 64) * 2}`);
  });

  it("take what others count as it stands", async () => {
    const metrics = new NodeMetrics();
    let total = 5;
    metrics.onRead(() => metrics.setTotal("understudy_applied_bytes_total", {}, total));
    expect(await metrics.text()).toMatch(/^understudy_applied_bytes_total 5$/m);
    total = 3;
    expect(await metrics.text()).toMatch(/^understudy_applied_bytes_total 3$/m);
  });
});
