import type { Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { highestEpoch, type ClusterState } from "./cluster-state.ts";
import type { ElectionHost } from "./election-host.ts";

/**
 * Format of a cluster's keys. It grows by one with a change that a node without it would misunderstand; who takes the lead writes
 * its own where the store has an older one, or none. The key `format` itself stays a decimal number for ever.
 */
export const STORE_FORMAT = 1;

/** What {@link FormatGate} needs. */
export interface FormatGateOptions {
  readonly nodeId: string;
  readonly host: Pick<ElectionHost, "follow" | "close">;
  readonly logger: Logger;
}

/** Keeps a node out of a cluster whose keys it might misunderstand. */
export class FormatGate {
  readonly #of: FormatGateOptions;
  #told = "";

  constructor(options: FormatGateOptions) {
    this.#of = options;
  }

  /** Why this node must not take part, and which node to upgrade; null where it knows the format. */
  problem({ format }: Pick<ClusterState, "format">): string | null {
    if (format <= STORE_FORMAT) return null;
    const { nodeId, logger } = this.#of;
    const words = `this cluster's keys in etcd are of format ${format}, and ${nodeId} knows none above ${STORE_FORMAT}: upgrade ${nodeId}`;
    if (words !== this.#told) logger.error({ event: "format-too-new" }, words);
    this.#told = words;
    return words;
  }

  /**
   * Called before anything is decided by what was read. Throws `version-mismatch` where this node must not take part; then it takes
   * nothing from masters any more, so that none counts on its acks.
   */
  async check(state: ClusterState, signal: AbortSignal): Promise<void> {
    const problem = this.problem(state);
    if (problem === null) return;
    this.#of.host.follow(null);
    await this.#of.host.close(highestEpoch(state), signal);
    throw new UnderstudyError("version-mismatch", problem);
  }
}
