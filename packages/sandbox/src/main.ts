import { readFile } from "node:fs/promises";
import { stderr, stdout } from "node:process";
import { isAbortOf, messageOf, orAbort, systemClock } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import { readyEvent } from "./ready-event.ts";
import { readyScreen } from "./ready-screen.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";
import type { SandboxNode } from "./sandbox-node.ts";
import { step, type SandboxProgress } from "./sandbox-progress.ts";
import { settleEtcdMembers } from "./settle-etcd-members.ts";
import { parseStartOptions, type StartOptions } from "./start-options.ts";
import { listenForStop, type StopSignals } from "./stop-signals.ts";
import { waitUntilReplicating } from "./wait-until-replicating.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_KILLED = 130;
const KILL_WAIT_MS = 3_000;

/** The program behind `npm start`; resolves with its exit code. */
async function main(): Promise<number> {
  let options: StartOptions;
  try {
    options = parseStartOptions(process.argv.slice(2));
  } catch (error) {
    tell(messageOf(error));
    return EXIT_USAGE;
  }
  if (options.help) {
    stdout.write(await readFile(new URL("./usage.txt", import.meta.url), "utf8"));
    return 0;
  }
  const signals = listenForStop(tell);
  signals.kill.addEventListener("abort", () => void exitSoon());
  try {
    await run(options, signals);
    tell(signals.kill.aborted ? "killed" : "stopped; the data is kept");
    return signals.kill.aborted ? EXIT_KILLED : 0;
  } catch (error) {
    if (isAbortOf(error, signals.stop)) {
      tell("stopped before the start was complete");
      return signals.kill.aborted ? EXIT_KILLED : 0;
    }
    tell(
      errorCodeOf(error) === "internal" && error instanceof Error ? (error.stack ?? "") : messageOf(error),
    );
    return EXIT_FAILED;
  }
}

/** After a kill nothing is waited for longer than this: what is left, the next start finds and ends. */
async function exitSoon(): Promise<never> {
  await systemClock.sleep(KILL_WAIT_MS);
  process.exit(EXIT_KILLED);
}

/** Starts everything, says so, and stops it again when asked. */
async function run(options: StartOptions, { stop, kill }: StopSignals): Promise<void> {
  const startedMs = performance.now();
  await using sandbox = await openSandbox({
    directory: options.directory,
    port: options.port,
    ...(options.flavour ? { flavour: options.flavour } : {}),
    ...(options.slaves === null ? {} : { slaves: options.slaves }),
    etcd: await settleEtcdMembers(options, showProgress),
    fresh: options.fresh,
    supervise: true,
    onProgress: showProgress,
    signal: stop,
    killSignal: kill,
  });
  const { leader } = await step(showProgress, "all nodes replicate", () =>
    waitUntilReplicating(sandbox, { signal: stop }),
  );
  tell(`ready after ${seconds(performance.now() - startedMs)}\n`);
  const ready = withRoles(sandbox, leader);
  stdout.write(`${options.json ? readyEvent(ready) : readyScreen(ready, process.cwd())}\n`);
  const { promise: forever } = Promise.withResolvers<never>();
  await orAbort(forever, stop).catch(() => undefined);
}

/** With the roles as they are now: with etcd another node may lead than the one that was started as the master. */
function withRoles(
  sandbox: Sandbox,
  leader: string,
): Pick<Sandbox, "directory" | "flavour" | "nodes" | "etcd"> {
  const nodes = sandbox.nodes.map((node): SandboxNode => ({
    ...node,
    role: node.nodeId === leader ? "master" : "slave",
  }));
  const { directory, flavour, etcd } = sandbox;
  return { directory, flavour, etcd, nodes };
}

function showProgress(progress: SandboxProgress): void {
  switch (progress.kind) {
    case "begin":
      return tell(`starting ${progress.text}`);
    case "done":
      return tell(`  ✓ ${progress.text.padEnd(56)} ${seconds(progress.tookMs).padStart(7)}`);
    case "trouble":
      return tell(`  ! ${progress.text}`);
    default:
      return progress satisfies never;
  }
}

/** For people, on stderr: stdout is for what was asked for. */
function tell(line: string): void {
  stderr.write(`${line}\n`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

// a reader that went away (`npm start | head`) must not end the cluster
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
process.exitCode = await main();
process.exit();
