import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { anySignal, isAbortOf, orAbort } from "./abort.ts";

describe("orAbort", () => {
  it("settles as the promise does, and leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    await expect(orAbort(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(orAbort(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("holds one listener for each wait under way, not more", () => {
    const { signal } = new AbortController();
    const waits = [1, 2, 3].map(() => orAbort(new Promise<never>(() => undefined), signal));
    expect(getEventListeners(signal, "abort")).toHaveLength(waits.length);
  });

  it("rejects with the signal's reason when it aborts first, and leaves no listener", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const waiting = orAbort(new Promise<never>(() => undefined), controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("rejects at once under an aborted signal", async () => {
    const reason = new Error("stopped before");
    await expect(orAbort(Promise.resolve(7), AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("leaves no unhandled rejection where the promise fails after the abort", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const controller = new AbortController();
      const { promise, reject } = Promise.withResolvers<never>();
      const waiting = orAbort(promise, controller.signal);
      controller.abort(new Error("stop"));
      await expect(waiting).rejects.toThrow("stop");
      reject(new Error("too late to matter"));
      await new Promise<void>((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("leaves no unhandled rejection where the signal was aborted before and the promise fails", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const failing = Promise.reject(new Error("too late to matter"));
      await expect(orAbort(failing, AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
      await new Promise<void>((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});

describe("isAbortOf", () => {
  it("knows the signal's reason, plain and as a cause", () => {
    const reason = new Error("stop");
    const signal = AbortSignal.abort(reason);
    expect(isAbortOf(reason, signal)).toBe(true);
    expect(isAbortOf(new Error("wrapped", { cause: reason }), signal)).toBe(true);
    expect(isAbortOf(new DOMException("aborted", "AbortError"), signal)).toBe(true);
  });

  it("takes no other error for it, nor any error while the signal stands", () => {
    const reason = new Error("stop");
    expect(isAbortOf(new Error("other"), AbortSignal.abort(reason))).toBe(false);
    expect(isAbortOf("text", AbortSignal.abort(reason))).toBe(false);
    expect(isAbortOf(new DOMException("aborted", "AbortError"), new AbortController().signal)).toBe(false);
  });
});

describe("anySignal", () => {
  it("aborts with the first of its signals, and leaves the undefined ones out", () => {
    const first = new AbortController();
    const second = new AbortController();
    const any = anySignal(first.signal, undefined, second.signal);
    expect(any.aborted).toBe(false);
    const reason = new Error("second");
    second.abort(reason);
    expect(any.reason).toBe(reason);
  });

  it("never aborts without a signal", () => {
    expect(anySignal(undefined).aborted).toBe(false);
  });
});
