import { randomBytes } from "node:crypto";

/** Chance as a dependency: a number in [0, 1). */
export type Random = () => number;

/** The machine's chance, for jitter. Not for secrets. */
export const systemRandom: Random = Math.random;

/** A repeatable stream of numbers from a seed (mulberry32), for tests and drills. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `bytes` of unguessable randomness as base64url text, for passwords and ids. */
export function randomToken(bytes = 24): string {
  return randomBytes(bytes).toString("base64url");
}
