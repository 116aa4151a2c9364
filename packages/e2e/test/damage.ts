import type { Random } from "@understudy/kernel";

/** What no field expects. */
const ODD_VALUES: readonly unknown[] = [
  null,
  -1,
  2 ** 53,
  "",
  "\u0000",
  "é🎭",
  "'; DROP TABLE t; --",
  "../../etc/passwd",
  { $type: "blob", value: "!" },
  { __proto__: null, constructor: { prototype: 1 } },
  [[[[]]]],
  "x".repeat(5000),
];
const ODD_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ["authorization", "Bearer"],
  ["authorization", `Basic ${"=".repeat(3000)}`],
  ["content-type", "text/plain"],
  ["content-type", "application/json; charset=utf-16"],
  ["content-encoding", "gzip"],
  ["accept", "application/x-ndjson"],
  ["x-request-id", '{"level":60,"msg":"forged"}'],
  ["idempotency-key", "k".repeat(1000)],
  ["x-understudy-forwarded-by", "node9"],
  ["origin", "http://evil.example"],
  ["host", "evil.example"],
  ["expect", "100-continue"],
  ["traceparent", `00-${"f".repeat(32)}-${"f".repeat(16)}-01`],
  ["x-forwarded-for", "127.0.0.1, ::1"],
];

/** One of them. Throws where there is none. */
export function pick<T>(random: Random, list: readonly T[]): T {
  const item = list[Math.floor(random() * list.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** A header that is out of place. */
export function oddHeader(random: Random): readonly [name: string, value: string] {
  return pick(random, ODD_HEADERS);
}

/** JSON text in which a field is another one or is gone, or some bytes are. */
export function damagedJson(random: Random, value: object): Buffer {
  const entries = Object.entries(value);
  const at = Math.floor(random() * (entries.length + 1));
  const changed = entries.flatMap(([key, inner]: [string, unknown], index): [string, unknown][] => {
    if (index !== at) return [[key, inner]];
    return random() < 0.3 ? [] : [[key, pick(random, ODD_VALUES)]];
  });
  if (at === entries.length)
    changed.push([pick(random, ["__proto__", "ack", "x"]), pick(random, ODD_VALUES)]);
  const text = Buffer.from(JSON.stringify(Object.fromEntries(changed)));
  return random() < 0.3 ? damagedBytes(random, text) : text;
}

/** Some bytes are others, doubled, or gone; never what it was, unless it was empty. */
export function damagedBytes(random: Random, bytes: Buffer): Buffer {
  const at = Math.floor(random() * bytes.length);
  const kind = random();
  if (kind < 0.3) return bytes.subarray(0, at);
  if (kind < 0.6) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ (1 + Math.floor(random() * 255));
    return altered;
  }
  const junk = Buffer.from(Array.from({ length: 1 + Math.floor(random() * 40) }, () => random() * 256));
  return Buffer.concat([
    bytes.subarray(0, at),
    junk,
    bytes.subarray(random() < 0.5 ? at : at + junk.length + 1),
  ]);
}
