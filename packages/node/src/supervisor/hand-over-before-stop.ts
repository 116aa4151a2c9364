import { DeadlinePassed, isCodedError, messageOf, orAbort, withDeadline } from "@understudy/kernel";
import type { NodeRuntime } from "../node-runtime.ts";
import { runSwitchover } from "./switchover.ts";

/** Of all of it; nobody should wait for a stop for long. */
const HAND_OVER_MS = 5000;
/** A slave that is itself about to stop, as all are when a whole cluster is stopped, does not keep the master any longer. */
const CLOSE_BY_MS = 1500;

/**
 * Hands a master's lead over to the first slave of the plan that can take it, so that no write fails when the master stops in order, and
 * waits until this node knows its new master. Takes some seconds at most, and does not fail: where nobody takes the lead in time, or
 * nothing is elected, everything is as before.
 */
export async function handOverBeforeStop(runtime: NodeRuntime): Promise<void> {
  const { clock, logger, config } = runtime.services;
  if (!config.hasElections || runtime.current()?.role.kind !== "master") return;
  try {
    await withDeadline({ clock, ms: HAND_OVER_MS, signal: new AbortController().signal }, (signal) =>
      handOver(runtime, signal),
    );
  } catch (error) {
    const why = error instanceof DeadlinePassed ? "nobody took it in time" : messageOf(error);
    logger.warn({ event: "not-handed-over" }, `stops without handing the lead over: ${why}`);
  }
}

async function handOver(runtime: NodeRuntime, signal: AbortSignal): Promise<void> {
  const { jobs } = runtime.services;
  // a person's own switchover comes first
  await orAbort(jobs.free(), signal);
  for (const to of runtime.current()?.election.plan()?.order ?? []) {
    if (await tryHandOver(runtime, to, signal)) break;
  }
  const role = runtime.current()?.role;
  if (role?.kind !== "slave") return;
  // what waits here for a master goes on to it before this node ends
  await role.link.changed.until(() => role.link.leader !== null, signal);
}

/** False where this node is the master still. */
async function tryHandOver(runtime: NodeRuntime, to: string, signal: AbortSignal): Promise<boolean> {
  const { jobs, clock, random, logger } = runtime.services;
  const running = runtime.current();
  if (running?.role.kind !== "master") return true;
  const { role, election } = running;
  try {
    const job = jobs.begin("switchover", (progress) =>
      runSwitchover(progress, { role, election, to, clock, random, signal, closeByMs: CLOSE_BY_MS }),
    );
    await orAbort(jobs.free(), signal);
    const { state, error } = jobs.get(job.id);
    if (state !== "done") logger.warn({ event: "not-handed-over", to }, error ?? "it did not end");
  } catch (error) {
    if (!isCodedError(error, "job-running")) throw error;
  }
  return runtime.current()?.role.kind !== "master";
}
