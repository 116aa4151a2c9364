import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBinlog, readExecutedPosition, type BinlogEvent, type GtidPosition } from "@understudy/binlog";
import { findBinlogProgram, openTestServer, type DatabaseServer } from "@understudy/database-server";
import { silentLogger, systemClock } from "@understudy/kernel";
import type { Flavour, QuarantineManifest, QuarantineReport } from "@understudy/protocol";
import { connectRaw, TestSession } from "@understudy/database-server/test-session";
import {
  applyQuarantined,
  openQuarantine,
  saveErrant,
  type ApplyQuarantinedOptions,
  type Quarantine,
  type SavedErrant,
} from "../src/index.ts";

let lastReaderId = 7000;

/** Two servers whose histories have parted: the node that comes back, and the master that went another way. */
export class PartedPair implements AsyncDisposable {
  readonly flavour: Flavour;
  readonly node: DatabaseServer;
  readonly master: DatabaseServer;
  readonly onNode: TestSession;
  readonly onMaster: TestSession;
  readonly dataDir: string;
  readonly quarantine: Quarantine;
  #shared: GtidPosition;

  private constructor(
    servers: readonly [DatabaseServer, DatabaseServer],
    sessions: readonly [TestSession, TestSession],
    rest: { readonly dataDir: string; readonly quarantine: Quarantine; readonly shared: GtidPosition },
  ) {
    this.flavour = servers[0].flavour;
    [this.node, this.master] = servers;
    [this.onNode, this.onMaster] = sessions;
    this.dataDir = rest.dataDir;
    this.quarantine = rest.quarantine;
    this.#shared = rest.shared;
  }

  static async open(flavour: Flavour): Promise<PartedPair> {
    const servers = await Promise.all([
      openTestServer(flavour, { serverId: 1 }),
      openTestServer(flavour, { serverId: 2 }),
    ]);
    const sessions = await Promise.all([TestSession.open(servers[0]), TestSession.open(servers[1])]);
    const dataDir = await mkdtemp(join(tmpdir(), "understudy-quarantine-"));
    const binlogProgram = await findBinlogProgram(flavour);
    const quarantine = await openQuarantine({ dataDir, binlogProgram, clock: systemClock });
    const shared = await readExecutedPosition(sessions[0], flavour);
    return new PartedPair(servers, sessions, { dataDir, quarantine, shared });
  }

  /** The same on both, and from here on what the node writes is errant. */
  async share(...statements: readonly string[]): Promise<void> {
    await this.onNode.run(...statements);
    await this.onMaster.run(...statements);
    this.#shared = await readExecutedPosition(this.onNode, this.flavour);
  }

  /** Where the histories part. */
  get shared(): GtidPosition {
    return this.#shared;
  }

  /** The node's binlog from where the histories part. */
  binlog(
    signal: AbortSignal = AbortSignal.timeout(120_000),
    from: GtidPosition = this.#shared,
  ): AsyncGenerator<readonly BinlogEvent[]> {
    return readBinlog({
      connect: () => connectRaw(this.node),
      flavour: this.flavour,
      from,
      readerServerId: ++lastReaderId,
      heartbeatMs: 1000,
      untilEnd: true,
      signal,
    });
  }

  /** Saves what the node has beyond what is shared. */
  async save(changes: Partial<Parameters<typeof saveErrant>[0]> = {}): Promise<SavedErrant> {
    return saveErrant({
      dataDir: this.dataDir,
      node: "node-1",
      epoch: 7n,
      flavour: this.flavour,
      server: this.onNode,
      shared: this.#shared,
      master: await readExecutedPosition(this.onMaster, this.flavour),
      binlog: this.binlog(),
      binlogAfter: (position) => this.binlog(undefined, position),
      isErrant: () => true,
      clock: systemClock,
      signal: AbortSignal.timeout(120_000),
      ...changes,
    });
  }

  /** Checks or applies an entry on the master. */
  async apply(
    manifest: QuarantineManifest,
    changes: Partial<ApplyQuarantinedOptions> = {},
  ): Promise<QuarantineReport> {
    return applyQuarantined({
      entry: { manifest, raw: (signal) => this.quarantine.raw(manifest.id, signal) },
      connect: () => connectRaw(this.master),
      flavour: this.flavour,
      mode: "apply",
      onConflict: "skip",
      clock: systemClock,
      logger: silentLogger,
      signal: AbortSignal.timeout(120_000),
      ...changes,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.onNode[Symbol.dispose]();
    this.onMaster[Symbol.dispose]();
    await Promise.all([this.node[Symbol.asyncDispose](), this.master[Symbol.asyncDispose]()]);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
