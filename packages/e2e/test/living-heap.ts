import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const PROBE = `import { appendFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
process.on(process.env.LIVING_HEAP_SIGNAL, () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(process.env.LIVING_HEAP_FILE, String(heapUsed + external) + "\\n");
});
`;

/** Tells how much memory a process's objects take that are still in use. */
export interface LivingHeap {
  /** What the process is to be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Bytes, after a collection. Waits until the process has answered. */
  readonly bytesOf: (pid: number) => Promise<number>;
}

/** Puts the probe into `folder`. It answers to `signal`, which must mean nothing else to the process. */
export async function createLivingHeap(
  folder: string,
  signal: "SIGUSR2" | "SIGWINCH" = "SIGUSR2",
): Promise<LivingHeap> {
  const [probe, answers] = [join(folder, "living-heap.mjs"), join(folder, "living-heap")];
  await writeFile(probe, PROBE);
  await writeFile(answers, "");
  const lines = async (): Promise<string[]> => (await readFile(answers, "utf8")).trim().split("\n");
  let asked = 0;
  return {
    environment: {
      NODE_OPTIONS: `--import=${probe}`,
      LIVING_HEAP_FILE: answers,
      LIVING_HEAP_SIGNAL: signal,
    },
    bytesOf: async (pid) => {
      asked += 1;
      process.kill(pid, signal);
      for (;;) {
        const answer = Number((await lines())[asked - 1] ?? "");
        if (answer > 0) return answer;
        process.kill(pid, 0);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
