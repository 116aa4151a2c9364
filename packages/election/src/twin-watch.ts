import type { Logger } from "@understudy/kernel";
import type { ClusterState } from "./cluster-state.ts";
import type { ElectionHost } from "./election-host.ts";

/** Says that another live node, at `url`, goes by the same id, and what to do. */
export function nodeIdTaken(nodeId: string, url: string): string {
  return `another node, at ${url}, has the node id ${nodeId} as well: stop one of the two and give it another UNDERSTUDY_NODE_ID`;
}

/** What {@link TwinWatch} needs. */
export interface TwinWatchOptions {
  readonly nodeId: string;
  readonly url: string;
  readonly host: Pick<ElectionHost, "note">;
  readonly logger: Logger;
}

/**
 * Notices another live node that goes by this one's id: the member's key has another address although this node has written its own
 * there in this life. What an earlier life left is not taken for one. Each is told once.
 */
export class TwinWatch {
  readonly #of: TwinWatchOptions;
  readonly #told = new Set<string>();

  constructor(options: TwinWatchOptions) {
    this.#of = options;
  }

  /** `toldAt` is the revision of this node's first own write; null before it. */
  look(state: ClusterState, toldAt: bigint | null): void {
    const { nodeId, url, host, logger } = this.#of;
    const stored = state.members.get(nodeId);
    if (!stored || stored.url === url || toldAt === null || stored.modRevision <= toldAt) return;
    if (this.#told.has(stored.url)) return;
    this.#told.add(stored.url);
    const words = nodeIdTaken(nodeId, stored.url);
    logger.error({ event: "node-id-taken", url: stored.url }, words);
    host.note(`is not alone: ${words}`);
  }
}
