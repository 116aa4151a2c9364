import { messageOf, systemClock } from "@understudy/kernel";
import { confirmsWithin } from "./confirms-within.ts";
import type { Fault, FaultSite, Heal } from "./fault.ts";
import type { WriteLog } from "./write-record.ts";

/** How long a fault may keep all writes from going on before it is healed all the same. */
const HOLD_MS_MAX = 20_000;
const AFTER_MS = 1_000;

/**
 * Brings the fault and heals it when it has lasted long enough and writes go on, or when that takes too long. Resolves with what went
 * wrong with the fault itself, in a sentence; null where nothing did. Heals also where the signal aborts.
 */
export async function lastThrough(
  site: FaultSite,
  { fault, log }: { readonly fault: Fault; readonly log: WriteLog },
): Promise<string | null> {
  const { signal } = site;
  const beganMs = systemClock.monotonicMs();
  const at = fault.isTargeted ? ` at ${site.target.nodeId}` : "";
  site.tell(`FAULT ${fault.name}${at}; ${site.leader.nodeId} leads`);
  let heal: Heal;
  try {
    heal = await fault.inflict(site);
  } catch (error) {
    site.tell(`${fault.name} failed: ${messageOf(error)}`);
    return `${fault.name}: ${messageOf(error)}`;
  }
  site.tell(`${fault.name} is there`);
  try {
    await systemClock.sleep(fault.holdMs, signal);
    const fromMs = systemClock.monotonicMs();
    const ms = fault.stopsWrites ? 0 : Math.max(0, beganMs + HOLD_MS_MAX - fromMs);
    if (await confirmsWithin(log, { fromMs, ms, signal })) await systemClock.sleep(AFTER_MS, signal);
    else site.tell("no write went through while the fault lasted");
  } finally {
    site.tell("HEAL");
    await heal();
    site.tell("healed");
  }
  return null;
}
