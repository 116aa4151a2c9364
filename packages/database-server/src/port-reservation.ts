import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandom, type Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { isPortFree } from "./free-port.ts";
import { tryProcessLock, type ProcessLock } from "./process-lock.ts";

/** Below the range that systems give to outgoing connections: a process that was killed finds its port still free when it starts again. */
const RANGE_START = 20_000;
const RANGE_SIZE = 12_000;
const TRIES_MAX = 500;

/** A TCP port of 127.0.0.1 that no other process reserves until this is disposed, whether anything listens on it or not. */
export interface PortReservation extends AsyncDisposable {
  readonly port: number;
}

/** How {@link reservePort} chooses. */
export interface PortReservationOptions {
  /** Taken where it is free and nobody's; a port of an earlier run, for example. */
  readonly preferred?: number | undefined;
  /** Never taken: ports that are meant for something that does not reserve. */
  readonly except?: readonly number[];
  readonly random?: Random;
}

/**
 * Reserves a port that is free now, from 20000 to 31999, for this process and those that it starts. It holds over all processes of
 * this user on this machine that reserve so; others may still come and listen there. What a killed process has reserved
 * is free again. Throws `config-invalid` where nothing is free.
 */
export async function reservePort(options: PortReservationOptions = {}): Promise<PortReservation> {
  const { preferred, except = [], random = systemRandom } = options;
  const folder = join(tmpdir(), `understudy-ports-${process.getuid?.() ?? "all"}`);
  await mkdir(folder, { recursive: true });
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const port =
      attempt === 0 && preferred !== undefined ? preferred : RANGE_START + Math.floor(random() * RANGE_SIZE);
    const lock = except.includes(port) ? null : await lockPort(folder, port);
    if (lock) return { port, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  }
  throw new UnderstudyError(
    "config-invalid",
    `none of ${TRIES_MAX} ports tried between ${RANGE_START} and ${RANGE_START + RANGE_SIZE} is free on this machine`,
  );
}

/** Null where the port is reserved or in use. */
async function lockPort(folder: string, port: number): Promise<ProcessLock | null> {
  const attempt = await tryProcessLock(join(folder, String(port)));
  if (attempt.kind === "held") return null;
  if (await isPortFree(port)) return attempt.lock;
  await attempt.lock[Symbol.asyncDispose]();
  return null;
}
