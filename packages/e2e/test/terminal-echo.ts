import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Terminal } from "../src/index.ts";

const ECHO_TIMEOUT_MS = 10_000;
/** Chinese characters: what is awaited occurs nowhere else on the screen. */
const FIRST_CODE_POINT = 0x4e00;

/**
 * Types `count` characters, `pauseMs` apart, and resolves with how long it took each time from the key to its output, ms: both go
 * through one client of the terminal, so that no process is started in between.
 */
export async function measureEcho(
  terminal: Terminal,
  { count, pauseMs }: { readonly count: number; readonly pauseMs: number },
): Promise<number[]> {
  const client = spawn("tmux", ["-u", "-L", terminal.socket, "-C", "attach"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, TMUX: "", LC_ALL: "C.UTF-8" },
  });
  const ended = once(client, "exit");
  const waits: number[] = [];
  let awaited: { readonly text: string; readonly resolve: () => void } | null = null;
  let recent = "";
  client.stdout.setEncoding("utf8").on("data", (text: string) => {
    recent = (recent + text).slice(-100_000);
    if (awaited && recent.includes(awaited.text)) awaited.resolve();
  });
  try {
    for (let index = 0; index < count; index++) {
      const text = String.fromCodePoint(FIRST_CODE_POINT + index);
      const seen = Promise.withResolvers<void>();
      const timer = setTimeout(() => seen.reject(new Error(`${text} was never drawn`)), ECHO_TIMEOUT_MS);
      awaited = { text, resolve: seen.resolve };
      const startedMs = performance.now();
      client.stdin.write(`send-keys -l ${text}\n`);
      await seen.promise;
      waits.push(performance.now() - startedMs);
      clearTimeout(timer);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  } finally {
    client.stdin.end();
    await ended;
  }
  return waits;
}
