import { messageOf, systemClock } from "@understudy/kernel";
import type { ClusterSource } from "../live/cluster-source.ts";
import type { Snapshot } from "../state/cluster-state.ts";
import { EXIT_CODES, verdictOf } from "../state/verdict.ts";
import type { ThemeName } from "../theme/theme.ts";
import { overviewText } from "./overview-text.tsx";

/** Width of an overview that goes into a file or a pipe. */
const PLAIN_COLUMNS = 132;

/** Asks once and prints an overview or JSON; resolves with the exit code, which tells the cluster's health. */
export async function printOnce(
  kind: "once" | "json",
  source: ClusterSource,
  theme: ThemeName,
): Promise<number> {
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
      : overviewText(snapshot, { columns, nowMs: systemClock.nowMs(), theme }),
  );
  return EXIT_CODES[verdictOf(snapshot.view)];
}
