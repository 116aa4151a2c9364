import type { WriteRecord } from "./write-record.ts";

/** A node that said of itself that it leads, with a valid lease, under this epoch. */
export interface LeadSample {
  readonly nodeId: string;
  readonly epoch: bigint;
  /** Monotonic: it led at some moment between these two. */
  readonly askedMs: number;
  readonly toldMs: number;
}

/** Something of an epoch that began and ended. */
interface Span {
  readonly epoch: bigint;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly words: string;
}

/**
 * Two masters at once, as seen from outside, in sentences: a node that says that it leads, or a write that is confirmed, under an older
 * epoch than one that was known to lead before the question or the write was sent; and two nodes under the same epoch.
 */
export function leadFaults(samples: readonly LeadSample[], records: readonly WriteRecord[]): string[] {
  const said = samples.map(({ nodeId, epoch, askedMs, toldMs }) => ({
    epoch,
    fromMs: askedMs,
    untilMs: toldMs,
    words: `${nodeId} said that it leads in epoch ${epoch}`,
  }));
  const confirmed = records.flatMap(({ id, epoch, invokedMs, returnedMs, outcome, writer }) =>
    outcome === "confirmed" && epoch !== null
      ? [
          {
            epoch,
            fromMs: invokedMs,
            untilMs: returnedMs,
            words: `${id} of ${writer} was confirmed in epoch ${epoch}`,
          },
        ]
      : [],
  );
  return [
    ...sharedEpochs(samples),
    ...stepsBack(said),
    ...stepsBack(confirmed),
    ...stepsBack([...said, ...confirmed]),
  ].filter((sentence, index, all) => all.indexOf(sentence) === index);
}

function sharedEpochs(samples: readonly LeadSample[]): string[] {
  const faults: string[] = [];
  for (const [epoch, ofEpoch] of Map.groupBy(samples, (sample) => sample.epoch)) {
    const nodes = [...new Set(ofEpoch.map(({ nodeId }) => nodeId))];
    if (nodes.length > 1) faults.push(`${nodes.join(" and ")} both led in epoch ${epoch}`);
  }
  return faults;
}

/** Spans that begin after one of a newer epoch has ended. */
function stepsBack(spans: readonly Span[]): string[] {
  const ended = spans.toSorted((a, b) => a.untilMs - b.untilMs);
  const faults: string[] = [];
  let next = 0;
  let newest: Span | null = null;
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    for (let before = ended[next]; before && before.untilMs < span.fromMs; before = ended[++next]) {
      if (!newest || before.epoch > newest.epoch) newest = before;
    }
    if (!newest || newest.epoch <= span.epoch) continue;
    const laterMs = (span.fromMs - newest.untilMs).toFixed(0);
    faults.push(`${span.words}, asked ${laterMs} ms after ${newest.words}`);
  }
  return faults;
}
