/** Waits for resources that open at the same time. Where one fails, those that came up are disposed and its error is thrown. */
export async function openAll<T extends AsyncDisposable>(opening: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(opening);
  const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = results.find((result) => result.status === "rejected");
  if (!failure) return opened;
  await disposeAll(opened);
  throw failure.reason;
}

/** Disposes all at the same time; throws the first error after all have ended. */
export async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  const results = await Promise.allSettled(resources.map((resource) => resource[Symbol.asyncDispose]()));
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
}
