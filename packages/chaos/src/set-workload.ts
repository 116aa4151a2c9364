import { connect, type UnderstudyClient } from "@understudy/client";
import type { ClusterNode } from "@understudy/e2e";
import { BackgroundLoop, isAbortOf, messageOf, systemClock } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import { statementsOf } from "./set-tables.ts";
import { epochOf, writeOverHttp, type AckMode } from "./write-client.ts";
import type { WriteLog, WriteRecord } from "./write-record.ts";

/** What {@link SetWorkload} needs. */
export interface SetWorkloadOptions {
  readonly nodes: readonly ClusterNode[];
  readonly log: WriteLog;
  readonly ack: AckMode;
  /** Different for each workload of one cluster; part of every id. */
  readonly name: string;
}

/** Two that stay at each node, two that take turns over all nodes, with keys and without, and two that go by the client library. */
export const WRITERS = [
  "home0",
  "home1",
  "home2",
  "home3",
  "home4",
  "home5",
  "turns0",
  "turns1",
  "keyless0",
  "keyless1",
  "library0",
  "library1",
];

const REST_MS = 20;

/** The codes after which the client library itself says that nobody knows. */
const OPEN_CODES: ReadonlySet<string> = new Set(["write-uncertain", "ack-timeout"]);

/** Writers that go on whatever happens to the cluster, until disposal; each write ends before. */
export class SetWorkload implements AsyncDisposable {
  readonly #options: SetWorkloadOptions;
  readonly #loops: readonly BackgroundLoop[];

  constructor(options: SetWorkloadOptions) {
    this.#options = options;
    const onEnd = (error: unknown): void => options.log.addDefect(`a writer ended: ${messageOf(error)}`);
    this.#loops = WRITERS.map(
      (writer, index) => new BackgroundLoop((signal) => this.#run(writer, index, signal), onEnd),
    );
  }

  async #run(writer: string, index: number, signal: AbortSignal): Promise<void> {
    if (writer.startsWith("library")) {
      await using client = await connect({ nodes: this.#options.nodes.map(({ url }) => url) });
      await this.#repeat(writer, signal, (id) => this.#writeByLibrary(client, id, writer));
      return;
    }
    const { nodes, ack, log } = this.#options;
    let first = index;
    await this.#repeat(writer, signal, (id) => {
      if (!writer.startsWith("home")) first++;
      const start = first % nodes.length;
      const order = [...nodes.slice(start), ...nodes.slice(0, start)];
      return writeOverHttp({ id, writer, nodes: order, ack, hasKey: !writer.startsWith("keyless"), log });
    });
  }

  async #repeat(
    writer: string,
    signal: AbortSignal,
    write: (id: string) => Promise<WriteRecord>,
  ): Promise<void> {
    const { log, name } = this.#options;
    for (let number = 0; !signal.aborted; number++) {
      log.add(await write(`${name}-${writer}-${number}`));
      try {
        await systemClock.sleep(REST_MS, signal);
      } catch (error) {
        if (!isAbortOf(error, signal)) throw error;
      }
    }
  }

  async #writeByLibrary(client: UnderstudyClient, id: string, writer: string): Promise<WriteRecord> {
    const { ack, log } = this.#options;
    const invokedMs = systemClock.monotonicMs();
    const end = (
      outcome: WriteRecord["outcome"],
      position: unknown,
      failures: readonly string[],
    ): WriteRecord => ({
      id,
      writer,
      invokedMs,
      returnedMs: systemClock.monotonicMs(),
      outcome,
      epoch: epochOf(position),
      failures,
    });
    try {
      const { position } = await client.batch({
        statements: statementsOf(id, writer),
        ...(ack === "async" ? { ack } : {}),
      });
      return end("confirmed", position, []);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === "internal") log.addDefect(`library write ${id}: ${messageOf(error)}`);
      const why = `library ${code}: ${messageOf(error).slice(0, 200)}`;
      return end(OPEN_CODES.has(code) || code === "internal" ? "unconfirmed" : "refused", null, [why]);
    }
  }

  /** Ends the writers after the write that each is at; that takes 20 s at most where no master is there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
  }
}
