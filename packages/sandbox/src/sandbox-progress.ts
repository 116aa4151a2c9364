/** What a sandbox tells of its doings, in words for people. */
export type SandboxProgress =
  /** What begins now. */
  | { readonly kind: "begin"; readonly text: string }
  /** A step of the start or the stop is done. */
  | { readonly kind: "done"; readonly text: string; readonly tookMs: number }
  /** Something ended that should run; it is being started again. */
  | { readonly kind: "trouble"; readonly text: string };

/** Runs a step and tells of it when it is done. */
export async function step<T>(
  onProgress: (progress: SandboxProgress) => void,
  text: string | ((result: T) => string),
  run: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const result = await run();
  const words = typeof text === "string" ? text : text(result);
  onProgress({ kind: "done", text: words, tookMs: performance.now() - startedMs });
  return result;
}
