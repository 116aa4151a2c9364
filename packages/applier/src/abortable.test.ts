import { expect, it } from "vitest";
import { abortable } from "./abortable.ts";

it("passes each piece on and shows it first", async () => {
  async function* source(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
  const seen: number[] = [];
  const passed: number[] = [];
  for await (const piece of abortable(source(), new AbortController().signal, (it) => seen.push(it))) {
    expect(seen.at(-1)).toBe(piece);
    passed.push(piece);
  }
  expect(passed).toEqual([1, 2]);
});

it("ends with the signal's reason while the source hangs, and what the source does later is nobody's", async () => {
  const late = Promise.withResolvers<never>();
  async function* source(): AsyncGenerator<number> {
    yield 1;
    await late.promise;
  }
  const abort = new AbortController();
  const pieces = abortable(source(), abort.signal);
  await pieces.next();
  const next = pieces.next();
  abort.abort(new Error("cut"));
  await expect(next).rejects.toThrow("cut");
  // were it somebody's, it would fail this test as a rejection that nobody handles
  late.reject(new Error("late"));
  await expect(pieces.next()).resolves.toEqual({ done: true, value: undefined });
});

it("takes nothing from the source once the signal has aborted", async () => {
  let taken = 0;
  async function* source(): AsyncGenerator<number> {
    for (;;) yield ++taken;
  }
  const abort = new AbortController();
  const pieces = abortable(source(), abort.signal);
  await pieces.next();
  abort.abort(new Error("cut"));
  await expect(pieces.next()).rejects.toThrow("cut");
  expect(taken).toBe(1);
});
