import { messageOf, systemClock, systemRandom } from "@understudy/kernel";
import { render } from "ink";
import { readArguments, USAGE, type Command } from "./arguments.ts";
import { ClusterSource } from "./cluster-source.ts";
import { Dashboard } from "./dashboard.tsx";
import type { Snapshot } from "./dashboard-state.ts";
import { FailureBoundary } from "./failure-boundary.tsx";
import { overviewText } from "./overview.tsx";
import { ColourContext } from "./toned-text.tsx";
import { EXIT_CODES, verdictOf } from "./verdict.ts";

/** Width of an overview that goes into a file or a pipe. */
const PLAIN_COLUMNS = 132;
/** A defect of ours (sysexits' EX_SOFTWARE). */
const EXIT_DEFECT = 70;

const isColourful = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";

function openSource(nodes: readonly string[]): ClusterSource {
  return new ClusterSource({ nodes, monotonicMs: () => systemClock.monotonicMs() });
}

/** Asks once and prints; the exit code tells the cluster's health. */
async function printOnce(kind: "once" | "json", nodes: readonly string[]): Promise<number> {
  await using source = openSource(nodes);
  let snapshot: Snapshot;
  try {
    snapshot = (await source.ask(new AbortController().signal)).snapshot;
  } catch (error) {
    process.stderr.write(`No node answers: ${messageOf(error)}\n`);
    return EXIT_CODES.unreachable;
  }
  const columns = process.stdout.isTTY ? process.stdout.columns : PLAIN_COLUMNS;
  process.stdout.write(
    kind === "json"
      ? `${JSON.stringify(snapshot.view, undefined, 2)}\n`
      : overviewText(snapshot, { columns, nowMs: systemClock.nowMs(), isColourful }),
  );
  return EXIT_CODES[verdictOf(snapshot.view)];
}

/** Shows the dashboard until it is left. */
async function showLive(nodes: readonly string[]): Promise<number> {
  let failure: string | null = null;
  const world = { nodes, clock: systemClock, random: systemRandom, openSource: () => openSource(nodes) };
  const onFailure = (sentence: string): void => {
    failure ??= sentence;
    app.unmount();
  };
  const app = render(
    <ColourContext.Provider value={isColourful}>
      <FailureBoundary onFailure={onFailure}>
        <Dashboard world={world} />
      </FailureBoundary>
    </ColourContext.Provider>,
    { alternateScreen: true, exitOnCtrlC: false, interactive: true },
  );
  await app.waitUntilExit();
  if (failure === null) return 0;
  process.stderr.write(`${String(failure)}\n`);
  return EXIT_DEFECT;
}

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case "help":
      process.stdout.write(USAGE);
      return 0;
    case "wrong":
      process.stderr.write(`${command.sentence}\n`);
      return EXIT_CODES.unreachable;
    case "once":
    case "json":
      return printOnce(command.kind, command.nodes);
    case "live":
      if (process.stdin.isTTY && process.stdout.isTTY) return showLive(command.nodes);
      process.stderr.write("This is no terminal, so here is one overview (as with --once).\n");
      return printOnce("once", command.nodes);
    default:
      return command satisfies never;
  }
}

// Whoever reads a pipe may stop reading (`| head`).
process.stdout.on("error", () => undefined);
try {
  process.exitCode = await run(readArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`The dashboard failed: ${messageOf(error)}\n`);
  process.exitCode = EXIT_DEFECT;
}
