import { describeOperation, type Operation } from "./operation.ts";

/** What a node's database holds of the marks: how often each marker is there, and what each client's counter says. */
export interface Effects {
  readonly markers: ReadonlyMap<string, number>;
  /** Only of the clients that have one. */
  readonly counters: ReadonlyMap<string, number>;
}

/**
 * Marks that were lost, doubled, half done, or that took effect although they had failed; in sentences. Each mark adds a marker of its own and
 * raises its client's counter, where that has one, in one transaction with one effect whatever was tried.
 */
export function effectFaults(operations: readonly Operation[], { markers, counters }: Effects): string[] {
  const faults: string[] = [];
  const marks = operations.filter(({ kind }) => kind === "mark");
  const known = new Set(marks.map(({ key }) => key));
  for (const operation of marks) {
    const times = markers.get(operation.key) ?? 0;
    if (times > 1) faults.push(`done ${times} times: ${describeOperation(operation)}`);
    if (times === 0 && operation.outcome === "ok") faults.push(`lost: ${describeOperation(operation)}`);
    if (times > 0 && operation.outcome === "failed") {
      faults.push(`failed, but there: ${describeOperation(operation)}`);
    }
  }
  for (const key of markers.keys()) if (!known.has(key)) faults.push(`never written: ${key}`);
  for (const [client, counted] of counters) {
    const ofClient = marks.filter((mark) => mark.client === client);
    const there = ofClient.reduce((sum, { key }) => sum + (markers.get(key) ?? 0), 0);
    if (counted !== there) faults.push(`${client} has ${there} markers, its counter says ${counted}`);
  }
  return faults;
}
