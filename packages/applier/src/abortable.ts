import { orAbort } from "@understudy/kernel";

/** The same pieces, until the signal aborts; then it throws the signal's reason at once, even where the source hangs. */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const result = await orAbort(iterator.next(), signal);
      if (result.done === true) {
        isOver = true;
        return;
      }
      yield result.value;
    }
  } finally {
    // not awaited: a source that hangs would hang here too
    if (!isOver) iterator.return?.().then(undefined, () => undefined);
  }
}
