/** The two ways in which a person ends the program. */
export interface StopSignals {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP, or when the program that started this one is gone. */
  readonly stop: AbortSignal;
  /** Aborts at the second one. */
  readonly kill: AbortSignal;
}

/**
 * Signals that come within this time are one wish: npm passes a terminal's Ctrl-C on to a process that has already got it
 * from the terminal itself.
 */
const SAME_WISH_MS = 500;

/** Listens to signals from now on, for the rest of the process's life. `onStop` is told the words for what has happened. */
export function listenForStop(onStop: (words: string) => void): StopSignals {
  const stop = new AbortController();
  const kill = new AbortController();
  let lastMs = Number.NEGATIVE_INFINITY;
  const ask = (words: string): void => {
    const nowMs = performance.now();
    if (nowMs - lastMs < SAME_WISH_MS) return;
    lastMs = nowMs;
    if (!stop.signal.aborted) {
      onStop(`${words}: stopping (once more kills)`);
      stop.abort(new DOMException(words, "AbortError"));
    } else if (!kill.signal.aborted) {
      onStop(`${words} again: killing`);
      kill.abort(new DOMException(words, "AbortError"));
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ask(signal));
  // scripts/start.mjs holds a channel to us: it closes when that process ends, even by kill -9
  if (process.connected) process.once("disconnect", () => ask("npm start is gone"));
  return { stop: stop.signal, kill: kill.signal };
}
