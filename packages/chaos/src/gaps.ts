import type { WriteRecord } from "./write-record.ts";

/** A time in which no write was confirmed. */
export interface Gap {
  /** Monotonic, of the confirmed write before. */
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** The longest time between two confirmed writes that touches `fromMs`…`untilMs`; its ends count where nothing was confirmed beyond. */
export function longestGap(
  records: readonly WriteRecord[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Gap {
  const times = records
    .filter(({ outcome }) => outcome === "confirmed")
    .map(({ returnedMs }) => returnedMs)
    .toSorted((a, b) => a - b);
  const before = times.findLast((time) => time < fromMs) ?? fromMs;
  const after = times.find((time) => time > untilMs) ?? untilMs;
  const inside = times.filter((time) => time >= fromMs && time <= untilMs);
  let longest: Gap = { fromMs, lengthMs: 0 };
  let last = before;
  for (const time of [...inside, after]) {
    if (time - last > longest.lengthMs) longest = { fromMs: last, lengthMs: time - last };
    last = time;
  }
  return longest;
}
