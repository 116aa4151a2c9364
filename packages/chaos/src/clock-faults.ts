import { rowsOf, type ClusterNode } from "@understudy/e2e";
import { messageOf, systemClock } from "@understudy/kernel";
import type { Fault, FaultSite } from "./fault.ts";

const HOLD_MS = 6_000;
const STEP_SECONDS_MIN = 60;
const STEP_SECONDS_SPREAD = 600;
/** Clocks are read anew once a second; so much off they may be told. */
const SLACK_SECONDS = 10;
const NOTICE_MS = 10_000;
const ASK_MS = 2_000;
const POLL_MS = 100;

/** Wall clocks that jump. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    name: "clock-step",
    about:
      "the wall clock of a node (on MariaDB also of its database server) jumps by minutes, forth or back",
    isTargeted: true,
    needs: ["clocks"],
    holdMs: HOLD_MS,
    inflict: async (site) => {
      const { random, target, tell } = site;
      const size = Math.ceil(STEP_SECONDS_MIN + random() * STEP_SECONDS_SPREAD);
      const seconds = random() < 0.5 ? -size : size;
      tell(`the clocks of ${target.nodeId} jump by ${seconds} s; so do the times of its log`);
      await clocksOf(site).step(target.nodeId, seconds);
      await untilNoticed(site, seconds);
      return async () => {
        await clocksOf(site).step(target.nodeId, 0);
        await untilNoticed(site, 0);
      };
    },
  },
];

function clocksOf({ equipment: { clocks } }: FaultSite): NonNullable<typeof clocks> {
  if (!clocks) throw new Error("this cluster was started with the machine's clock");
  return clocks;
}

/**
 * A step that nobody sees would be no fault. Throws where a node that answers has not seen it after 10 s; one that another fault keeps from
 * answering sees it as soon as it runs again, and is not waited for.
 */
async function untilNoticed(site: FaultSite, seconds: number): Promise<void> {
  const { target, signal, tell } = site;
  const deadlineMs = systemClock.monotonicMs() + NOTICE_MS;
  for (;;) {
    const ahead = await aheadOf(site).catch(messageOf);
    if (typeof ahead !== "string" && ahead.every((one) => Math.abs(one - seconds) < SLACK_SECONDS)) return;
    if (systemClock.monotonicMs() > deadlineMs) {
      if (typeof ahead !== "string")
        throw new Error(`the clocks of ${target.nodeId} are ${ahead.join(" and ")} s ahead, not ${seconds}`);
      tell(`${target.nodeId} can't be asked for its clock: ${ahead}`);
      return;
    }
    await systemClock.sleep(POLL_MS, signal);
  }
}

/** By how many seconds the clocks of a target are ahead of this machine's. Rejects where one of them can't be asked. */
async function aheadOf(site: FaultSite): Promise<readonly number[]> {
  const { target } = site;
  return [await nodeAhead(target), ...(clocksOf(site).areServers ? [await databaseAhead(target)] : [])];
}

/** By the dates of its answers. */
async function nodeAhead(node: ClusterNode): Promise<number> {
  const { headers } = await node.get("/health/live", { timeoutMs: ASK_MS });
  return (Date.parse(String(headers["date"])) - systemClock.nowMs()) / 1000;
}

async function databaseAhead(node: ClusterNode): Promise<number> {
  const [row] = await rowsOf(node, "SELECT UNIX_TIMESTAMP() AS now");
  return Number(row?.["now"]) - systemClock.nowMs() / 1000;
}
