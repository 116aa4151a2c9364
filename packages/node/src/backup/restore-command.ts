import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { messageOf } from "@understudy/kernel";
import { errorCodeOf, isUnderstudyError, UnderstudyError } from "@understudy/protocol";
import { verifySnapshot, type VerifiedSnapshot } from "@understudy/snapshot";
import type { NodeConfig } from "../config/node-config.ts";
import { ProgressLine, sizeOf } from "./progress-line.ts";
import { parseRestoreArguments, RESTORE_USAGE, type RestoreRequest } from "./restore-arguments.ts";
import { restoreBackup, type RestoredBackup } from "./restore-backup.ts";

/** What the command reads and writes, and knows. */
export interface RestoreCommandContext {
  /** The node's configuration. Throws `config-invalid`. */
  readonly load: (configFile: string | null) => NodeConfig;
  readonly input: Readable;
  /** What was asked for, and nothing else. */
  readonly out: (text: string) => void;
  /** Words for people. */
  readonly tell: (text: string) => void;
  /** `tell` goes to a terminal. */
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
}

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** `EX_CONFIG` of sysexits.h. */
const EXIT_CONFIG = 78;
const CHUNK_BYTES = 1024 * 1024;
/** Carries out `restore …`, and resolves with the exit code. */
export async function runRestoreCommand(
  words: readonly string[],
  context: RestoreCommandContext,
): Promise<number> {
  let request: RestoreRequest;
  try {
    request = parseRestoreArguments(words);
  } catch (error) {
    context.tell(`${messageOf(error)}; see restore --help\n`);
    return EXIT_USAGE;
  }
  const progress = new ProgressLine({ write: context.tell, isTerminal: context.isTerminal });
  try {
    await carryOut(request, context, progress);
    return 0;
  } catch (error) {
    progress.end();
    const code = errorCodeOf(error);
    context.tell(`${context.signal.aborted ? messageOf(context.signal.reason) : messageOf(error)}\n`);
    return code === "config-invalid" ? EXIT_CONFIG : EXIT_FAILED;
  }
}

async function carryOut(
  request: RestoreRequest,
  context: RestoreCommandContext,
  progress: ProgressLine,
): Promise<void> {
  switch (request.kind) {
    case "help":
      context.out(RESTORE_USAGE);
      return;
    case "verify": {
      const verified = await verify(request.file, context, progress);
      progress.end();
      context.out(describe(verified));
      return;
    }
    case "restore": {
      const config = context.load(request.configFile);
      // what is not whole is found before anything is touched
      if (request.file !== "-") await verify(request.file, context, progress);
      const restored = await restoreBackup({
        config,
        body: bodyOf(request.file, context),
        rejoins: request.rejoins,
        mayReplace: request.mayReplace,
        onProgress: (copy) => progress.report(copy),
        tell: (text) => {
          progress.end();
          context.tell(`${text}\n`);
        },
        signal: context.signal,
      });
      progress.end();
      context.tell(nextSteps(restored, config));
      return;
    }
    default:
      request satisfies never;
  }
}

async function verify(
  file: string,
  context: RestoreCommandContext,
  progress: ProgressLine,
): Promise<VerifiedSnapshot> {
  try {
    return await verifySnapshot({
      body: bodyOf(file, context),
      onProgress: (copy) => progress.report(copy),
      signal: context.signal,
    });
  } catch (error) {
    if (!isUnderstudyError(error)) throw error;
    const advice =
      error.code === "snapshot-failed"
        ? ". Use another backup: one that was cut off or changed can't be restored"
        : "";
    throw new UnderstudyError(error.code, `${nameOf(file)}: ${error.message}${advice}`, { cause: error });
  }
}

function bodyOf(file: string, { input }: RestoreCommandContext): Readable {
  return file === "-" ? input : createReadStream(file, { highWaterMark: CHUNK_BYTES });
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** A line for each thing that is known of a backup. */
function describe({ header, bytes, tables }: VerifiedSnapshot): string {
  const { origin, flavour, serverVersion, position } = header;
  const lines: readonly (readonly [string, string])[] = [
    ["whole", "yes"],
    ["cluster", origin?.clusterId ?? "(none: a copy from one node to another)"],
    ["node", origin?.nodeId ?? ""],
    ["taken", origin?.takenAt ?? ""],
    ["position", `${origin?.epoch ?? ""}:${position.toString()}`],
    ["server", `${flavour} ${serverVersion}`],
    ["understudy", origin?.version ?? ""],
    ["tables", String(tables)],
    ["text", sizeOf(bytes)],
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join("");
}

function nextSteps({ clusterId, position, rejoins }: RestoredBackup, config: NodeConfig): string {
  const done = `The backup is restored: the database server is at ${position}.\n`;
  if (rejoins) {
    return `${done}Start the node: it goes on in the cluster ${clusterId} and catches up from there, or takes a fresh copy where the binlogs do not reach back.\n`;
  }
  const starts = config.hasElections
    ? `Set UNDERSTUDY_CLUSTER_ID=${clusterId} on all nodes of the new cluster and start this one first.`
    : "Start this node as the master (apps/master), then others as its slaves, with empty database servers.";
  return `${done}It belongs to a new cluster, ${clusterId}, without members. ${starts}\n`;
}
