/** Kills the processes when the signal aborts, also amid their orderly stop. */
export function killAllAt(
  signal: AbortSignal | undefined,
  processes: readonly { killHard(): Promise<void> }[],
): void {
  const kill = (): void => {
    // whoever waits for the process sees its end
    for (const process of processes) process.killHard().catch(() => undefined);
  };
  if (signal?.aborted) kill();
  signal?.addEventListener("abort", kill, { once: true });
}
