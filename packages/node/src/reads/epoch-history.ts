import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { messageOf, type ChangeSignal, type Logger } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { EpochRecord } from "../cluster/epoch-store.ts";
import type { WantedPosition } from "./wanted-position.ts";

/** What {@link EpochHistory} needs. */
export interface EpochHistoryOptions {
  readonly flavour: Flavour;
  /** Reads the epochs from this node's database. */
  readonly read: () => Promise<EpochRecord[]>;
  /** What was just read there; left out where nothing was. */
  readonly known?: readonly EpochRecord[];
  /** Told when more is known than before. */
  readonly changed: ChangeSignal;
  readonly logger: Logger;
}

interface EpochStart {
  readonly epoch: bigint;
  readonly position: GtidPosition;
  /** MariaDB: domain and server id → last sequence number. */
  readonly lastOfServer: ReadonlyMap<string, bigint>;
}

/** Where each epoch began, kept in memory: tells what of an epoch has outlived it. */
export class EpochHistory {
  readonly #options: EpochHistoryOptions;
  #starts: readonly EpochStart[] = [];
  #learning: Promise<boolean> | null = null;

  constructor(options: EpochHistoryOptions) {
    this.#options = options;
    if (options.known) this.#starts = startsOf(options.flavour, options.known);
  }

  /** Reads what the database knows by now; true where that is more than before. Never rejects. */
  async learn(): Promise<boolean> {
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = null;
    });
    return this.#learning;
  }

  /**
   * Whether a position of an epoch that is over is part of the history that went on. Null where no later epoch is known here.
   * Exact on MySQL. MariaDB: exact where the server that wrote it has written anything that went on; else by number.
   */
  survived({ epoch, gtid }: WantedPosition): boolean | null {
    const next = this.#starts.find((start) => start.epoch > epoch);
    if (!next) return null;
    if (this.#options.flavour === "mysql") return next.position.contains(gtid);
    return gtid
      .toString()
      .split(",")
      .every((one) => one === "" || hasMariadbGtid(next, one));
  }

  async #learn(): Promise<boolean> {
    const { flavour, read, changed, logger } = this.#options;
    try {
      const records = await read();
      if (records.length === this.#starts.length) return false;
      this.#starts = startsOf(flavour, records);
    } catch (error) {
      logger.warn({ event: "epochs-not-read" }, messageOf(error));
      return false;
    }
    changed.notify();
    return true;
  }
}

function startsOf(flavour: Flavour, records: readonly EpochRecord[]): readonly EpochStart[] {
  return records.map(({ epoch, startGtid, startState }) => ({
    epoch,
    position: parseGtidPosition(flavour, startGtid),
    lastOfServer: lastOfServers(startState),
  }));
}

/** A GTID list compares by number, which another server may have used again; what is known of that very server tells better. */
function hasMariadbGtid({ position, lastOfServer }: EpochStart, gtid: string): boolean {
  const { server, sequence } = splitGtid(gtid);
  const last = lastOfServer.get(server);
  return last === undefined ? position.containsGtid(gtid) : sequence <= last;
}

function lastOfServers(state: string): ReadonlyMap<string, bigint> {
  const gtids = state.split(",").filter((gtid) => gtid !== "");
  return new Map(gtids.map(splitGtid).map(({ server, sequence }) => [server, sequence]));
}

/** `0-1-7` → `0-1` and 7. */
function splitGtid(gtid: string): { readonly server: string; readonly sequence: bigint } {
  const end = gtid.lastIndexOf("-");
  return { server: gtid.slice(0, end), sequence: BigInt(gtid.slice(end + 1)) };
}
