import { open, stat } from "node:fs/promises";
import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";

/** Something that happened, by the wall clock of this machine. */
export interface TimelineEntry {
  readonly atMs: number;
  /** A node, or `drill`. */
  readonly who: string;
  readonly what: string;
}

/** pino's number of `info`: nodes log less weighty lines only where everything is asked for. */
const INFO = 30;
const LOG_BYTES_MAX = 16 * 1024 * 1024;

/** What happened in a round: the drill's own sentences and what all nodes have logged meanwhile, also those that died. */
export class Timeline {
  readonly #nodes: readonly ClusterNode[];
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #own: TimelineEntry[] = [];
  readonly #startedMs = systemClock.nowMs();
  readonly #monotonicOffsetMs = systemClock.nowMs() - systemClock.monotonicMs();

  private constructor(nodes: readonly ClusterNode[], offsets: ReadonlyMap<string, number>) {
    this.#nodes = nodes;
    this.#offsets = offsets;
  }

  /** Takes up what the nodes log from now on. */
  static async begin(nodes: readonly ClusterNode[]): Promise<Timeline> {
    const sizes = await Promise.all(
      nodes.map(async ({ nodeId, logFile }) => [nodeId, (await stat(logFile)).size] as const),
    );
    return new Timeline(nodes, new Map(sizes));
  }

  tell(what: string): void {
    this.#own.push({ atMs: systemClock.nowMs(), who: "drill", what });
  }

  /** Puts in what happened at a moment of the monotonic clock. */
  tellAt(monotonicMs: number, what: string): void {
    this.#own.push({ atMs: monotonicMs + this.#monotonicOffsetMs, who: "drill", what });
  }

  /** All of it in the order of time, as lines with seconds since the beginning. */
  async lines(): Promise<string[]> {
    const logged = await Promise.all(
      this.#nodes.map(async ({ nodeId, logFile }) =>
        entriesOf(nodeId, await readFrom(logFile, this.#offsets.get(nodeId) ?? 0)),
      ),
    );
    return [...this.#own, ...logged.flat()]
      .toSorted((a, b) => a.atMs - b.atMs)
      .map(
        ({ atMs, who, what }) =>
          `${((atMs - this.#startedMs) / 1000).toFixed(3).padStart(8)} ${who.padEnd(6)} ${what}`,
      );
  }
}

async function readFrom(path: string, offset: number): Promise<string> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const length = Math.min(Math.max(0, size - offset), LOG_BYTES_MAX);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position: offset });
  return buffer.toString("utf8", 0, bytesRead);
}

/** Lines of a node's log for people; those that are no JSON are its last words. */
export function entriesOf(nodeId: string, log: string): TimelineEntry[] {
  let atMs = 0;
  return log.split("\n").flatMap((line): TimelineEntry[] => {
    if (line.trim() === "") return [];
    const entry = parseLine(line);
    if (!entry) return [{ atMs, who: nodeId, what: line.slice(0, 400) }];
    atMs = entry.time;
    const mark = entry.level > INFO ? "! " : "";
    return [{ atMs, who: nodeId, what: `${mark}${entry.event}: ${entry.msg}`.slice(0, 400) }];
  });
}

function parseLine(line: string): { time: number; level: number; event: string; msg: string } | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("time" in value)) return null;
    const { time, level, event, msg } = value as Record<string, unknown>;
    return { time: Number(time), level: Number(level), event: textOf(event), msg: textOf(msg) };
  } catch {
    return null;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
