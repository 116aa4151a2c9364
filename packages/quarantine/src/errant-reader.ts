import { TransactionGrouper, type BinlogEvent, type GtidPosition } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import type { ErrantDraft } from "./errant-draft.ts";

/** Types of events that are sent while there is nothing to send; they are no part of a binlog. */
const HEARTBEATS: ReadonlySet<number> = new Set([27, 41]);

/** Copies the errant ones of a binlog's transactions into a draft, and keeps account of what it has seen. */
export class ErrantReader {
  readonly #draft: ErrantDraft;
  readonly #grouper: TransactionGrouper;
  readonly #isErrant: (gtid: string) => boolean;
  #seen: GtidPosition;
  #isCopying = false;

  constructor(
    draft: ErrantDraft,
    options: {
      readonly flavour: Flavour;
      readonly shared: GtidPosition;
      readonly isErrant: (gtid: string) => boolean;
    },
  ) {
    this.#draft = draft;
    this.#grouper = new TransactionGrouper(options.flavour);
    this.#isErrant = options.isErrant;
    this.#seen = options.shared;
  }

  /** The history up to here. */
  get seen(): GtidPosition {
    return this.#seen;
  }

  /** True between a transaction's first event and its last. */
  get insideTransaction(): boolean {
    return this.#grouper.insideTransaction;
  }

  /** Takes the next event. Resolves when there is room for more. Throws as the grouper does. */
  async take(event: BinlogEvent): Promise<void> {
    // annotations and the like are no part of what is applied, but tell a person what was meant
    const wasInside = this.#grouper.insideTransaction;
    const [part] = this.#grouper.push(event);
    if (part?.kind === "format") this.#draft.format(event);
    if (part?.kind === "begin") {
      const { header } = part;
      this.#seen = this.#seen.withGtid(header.gtid);
      this.#isCopying = this.#isErrant(header.gtid);
      if (this.#isCopying) this.#draft.begin(header);
    }
    if (!this.#isCopying || HEARTBEATS.has(event.type)) return;
    if (wasInside || part?.kind === "begin") await this.#draft.add(event);
    if (part?.kind !== "end") return;
    this.#isCopying = false;
    await this.#draft.end();
  }
}
