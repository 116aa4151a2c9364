import {
  HistoryClient,
  REGISTER_INITIAL,
  runRegisterClient,
  type ClusterNode,
  type History,
} from "@understudy/e2e";
import { BackgroundLoop, messageOf, seededRandom, systemClock } from "@understudy/kernel";
import { mustExecute } from "./set-tables.ts";
import type { WriteLog } from "./write-record.ts";

const REGISTERS = ["x", "y"];
const CLIENTS = 3;
/** Different in the whole process: each value is written once. */
let lastValue = REGISTER_INITIAL;

/** Puts the registers at their first value. */
export async function addRegisters(master: ClusterNode): Promise<void> {
  const rows = REGISTERS.map((id) => `('${id}', ${REGISTER_INITIAL})`).join(", ");
  await mustExecute(master, `INSERT INTO history.registers VALUES ${rows}`);
}

/** Clients that read (`strong`), overwrite and swap registers at any node, until disposal. */
export class RegisterWorkload implements AsyncDisposable {
  readonly #loops: readonly BackgroundLoop[];

  constructor(options: {
    readonly nodes: readonly ClusterNode[];
    readonly history: History;
    readonly log: WriteLog;
    readonly name: string;
    readonly seed: number;
  }) {
    const { nodes, history, log, name, seed } = options;
    const defects: string[] = [];
    const run = { nodes, history, clock: systemClock, name, defects };
    this.#loops = Array.from(
      { length: CLIENTS },
      (_, index) =>
        new BackgroundLoop(
          async (signal) => {
            const random = seededRandom(seed * 1_000 + index);
            const client = new HistoryClient(`${name}-register${index}`, run, { random, signal });
            await runRegisterClient(client, REGISTERS, () => ++lastValue);
            for (const defect of defects.splice(0)) log.addDefect(defect);
          },
          (error) => log.addDefect(`a register client ended: ${messageOf(error)}`),
        ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
  }
}
