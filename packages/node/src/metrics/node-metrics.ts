import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { METRICS, type LabelsOf, type MetricDescription, type MetricNameOf } from "./metric-table.ts";
import { ValueCap } from "./value-cap.ts";

type AnyMetric = Counter | Gauge | Histogram;

/** More than a cluster has; a stream of new names must not fill the memory of this node and of who scrapes it. */
const MEMBERS_MAX = 64;

/**
 * The numbers of one node, by the table. What happens is counted when it does; what merely is, is read when the metrics are asked for.
 * None of its methods throws for a label's value.
 */
export class NodeMetrics {
  readonly #registry = new Registry();
  readonly #metrics = new Map<string, AnyMetric>();
  readonly #readers: (() => void | Promise<void>)[] = [];
  readonly #members = new ValueCap(MEMBERS_MAX);
  /** Those who ask at the same time get the same: each reading begins with nothing. */
  #reading: Promise<string> | null = null;

  constructor() {
    for (const [name, description] of Object.entries(METRICS)) {
      this.#metrics.set(name, createMetric(name, description, this.#registry));
    }
  }

  /** Adds those that every Node process has: memory, event loop, garbage collection. Once a process, since they measure all of it. */
  measureProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Something has happened. */
  count<Name extends MetricNameOf<"counter">>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Counter && by > 0) metric.inc(this.#capped(labels), by);
  }

  /** Something took so many seconds. */
  observe<Name extends MetricNameOf<"histogram">>(name: Name, labels: LabelsOf<Name>, seconds: number): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Histogram) metric.observe(this.#capped(labels), seconds);
  }

  /** For readers: the value as it is now; null where it has no meaning, so that there is none. */
  set<Name extends MetricNameOf<"gauge">>(name: Name, labels: LabelsOf<Name>, value: number | null): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge && value !== null) metric.set(this.#capped(labels), value);
  }

  /** For readers: what something else has counted by now. */
  setTotal<Name extends MetricNameOf<"counter">>(name: Name, labels: LabelsOf<Name>, value: number): void {
    const metric = this.#metrics.get(name);
    if (!(metric instanceof Counter)) return;
    const capped = this.#capped(labels);
    metric.remove(capped);
    metric.inc(capped, value);
  }

  /** Runs `read` each time before the metrics are told; a failure is not told. */
  onRead(read: () => void | Promise<void>): void {
    this.#readers.push(read);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of them, in Prometheus' text format. */
  async text(): Promise<string> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<string> {
    for (const metric of this.#metrics.values()) if (metric instanceof Gauge) clear(metric);
    await Promise.allSettled(this.#readers.map(async (read) => read()));
    return this.#registry.metrics();
  }

  #capped(labels: Readonly<Record<string, string>>): Record<string, string> {
    const { member } = labels;
    return member === undefined ? { ...labels } : { ...labels, member: this.#members.of(member) };
  }
}

/** Takes all values away; a plain reset would leave a zero where there are no labels. */
function clear(gauge: Gauge): void {
  gauge.reset();
  gauge.remove({});
}

function createMetric(name: string, description: MetricDescription, registry: Registry): AnyMetric {
  const { kind, help, labels, buckets, initial = [] } = description;
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  switch (kind) {
    case "gauge":
      return new Gauge(options);
    case "counter": {
      const counter = new Counter(options);
      for (const values of initial) counter.inc({ ...values }, 0);
      return counter;
    }
    case "histogram": {
      const histogram = new Histogram({ ...options, ...(buckets ? { buckets: [...buckets] } : {}) });
      for (const values of initial) histogram.zero({ ...values });
      return histogram;
    }
    default:
      return kind satisfies never;
  }
}
