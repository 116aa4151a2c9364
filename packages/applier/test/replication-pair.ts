import { expect } from "vitest";
import { BINLOG_MAGIC, EVENT_TYPE, readBinlog, type GtidPosition } from "@understudy/binlog";
import { openTestServer, type DatabaseServer } from "@understudy/database-server";
import { connectRaw, TestSession } from "@understudy/database-server/test-session";
import { systemClock, systemRandom, type Logger } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { openApplier, type Applier, type ApplierOptions } from "../src/index.ts";
import { serverContents } from "./server-contents.ts";

let lastReaderId = 5000;

/** A server that is written to, another that follows it, and an applier between them. */
export class ReplicationPair implements AsyncDisposable {
  readonly flavour: Flavour;
  readonly source: DatabaseServer;
  readonly replica: DatabaseServer;
  readonly onSource: TestSession;
  readonly onReplica: TestSession;
  readonly applier: Applier;
  /** What the applier has logged. */
  readonly log: string[];

  private constructor(parts: {
    source: DatabaseServer;
    replica: DatabaseServer;
    onSource: TestSession;
    onReplica: TestSession;
    applier: Applier;
    log: string[];
  }) {
    this.flavour = parts.source.flavour;
    this.source = parts.source;
    this.replica = parts.replica;
    this.onSource = parts.onSource;
    this.onReplica = parts.onReplica;
    this.applier = parts.applier;
    this.log = parts.log;
  }

  static async open(flavour: Flavour, changes: Partial<ApplierOptions> = {}): Promise<ReplicationPair> {
    const [source, replica] = await Promise.all([
      openTestServer(flavour, { serverId: 1 }),
      openTestServer(flavour, { serverId: 2, readOnly: true }),
    ]);
    const log: string[] = [];
    const say = (fields: Readonly<Record<string, unknown>>): void => void log.push(String(fields["event"]));
    const logger: Logger = { debug: say, info: say, warn: say, error: say };
    const applier = await openApplier({
      flavour,
      connect: () => connectRaw(replica),
      clock: systemClock,
      random: systemRandom,
      logger,
      ...changes,
    });
    const onSource = await TestSession.open(source);
    const onReplica = await TestSession.open(replica);
    return new ReplicationPair({ source, replica, onSource, onReplica, applier, log });
  }

  /** The source's binlog behind a position, up to its end, as a delivery's body. */
  async *body(from: GtidPosition): AsyncGenerator<Buffer> {
    yield BINLOG_MAGIC;
    const batches = readBinlog({
      connect: () => connectRaw(this.source),
      flavour: this.flavour,
      from,
      readerServerId: ++lastReaderId,
      heartbeatMs: 1000,
      untilEnd: true,
      signal: AbortSignal.timeout(120_000),
    });
    for await (const batch of batches) {
      const wanted = batch.filter(
        ({ type }) =>
          type !== EVENT_TYPE.rotate && type !== EVENT_TYPE.heartbeat && type !== EVENT_TYPE.heartbeatV2,
      );
      if (wanted.length > 0) yield Buffer.concat(wanted.map((event) => event.bytes));
    }
  }

  /** Delivers what the replica lacks. */
  async catchUp(): Promise<number> {
    const after = this.applier.position;
    const { applied } = await this.applier.apply(this.body(after), {
      after,
      signal: AbortSignal.timeout(120_000),
    });
    return applied;
  }

  /** Both servers hold the same, and each says so itself. */
  async expectEqual(): Promise<void> {
    const position =
      this.flavour === "mysql" ? "SELECT @@gtid_executed AS p" : "SELECT @@gtid_binlog_pos AS p";
    const [onReplica] = await this.onReplica.rows(position);
    expect(onReplica).toEqual((await this.onSource.rows(position))[0]);
    expect(this.applier.position.toString()).toBe(String(onReplica?.["p"]).replaceAll("\n", ""));
    using replica = await TestSession.open(this.replica);
    using source = await TestSession.open(this.source);
    expect(await serverContents(replica)).toEqual(await serverContents(source));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.applier[Symbol.asyncDispose]();
    this.onSource[Symbol.dispose]();
    this.onReplica[Symbol.dispose]();
    await Promise.all([this.source[Symbol.asyncDispose](), this.replica[Symbol.asyncDispose]()]);
  }
}
