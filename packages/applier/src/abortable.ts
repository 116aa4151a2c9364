/**
 * The same pieces, until the signal aborts; then it throws the signal's reason at once, even where the source hangs. `onPiece` sees each
 * piece before it is passed on. It listens to the signal once, however many pieces there are: most bodies are a single small one.
 */
export async function* abortable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  onPiece?: (piece: T) => void,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let isOver = false;
  let cut: ((reason: unknown) => void) | null = null;
  const onAbort = (): void => cut?.(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
        cut = reject;
        // what comes after the abort settles nothing any more
        iterator.next().then(resolve, reject);
      });
      if (result.done === true) {
        isOver = true;
        return;
      }
      onPiece?.(result.value);
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // not awaited: a source that hangs would hang here too
    if (!isOver) iterator.return?.().then(undefined, () => undefined);
  }
}
