import { rowsOf, type ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import type { Fault, FaultSite } from "./fault.ts";

const HOLD_MS = 6_000;
const STEP_SECONDS_MIN = 60;
const STEP_SECONDS_SPREAD = 600;
/** Clocks are read anew once a second; so much off they may be told. */
const SLACK_SECONDS = 10;
const NOTICE_MS = 10_000;
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

/** A step that nobody sees would be no fault. Throws where that takes over 10 s. */
async function untilNoticed(site: FaultSite, seconds: number): Promise<void> {
  const { target, signal } = site;
  const { areServers } = clocksOf(site);
  const deadlineMs = systemClock.monotonicMs() + NOTICE_MS;
  for (;;) {
    const ahead = [await nodeAhead(target), ...(areServers ? [await databaseAhead(target)] : [])];
    if (ahead.every((one) => Math.abs(one - seconds) < SLACK_SECONDS)) return;
    if (systemClock.monotonicMs() > deadlineMs)
      throw new Error(`the clocks of ${target.nodeId} are ${ahead.join(" and ")} s ahead, not ${seconds}`);
    await systemClock.sleep(POLL_MS, signal);
  }
}

/** By how many seconds the clock of a node is ahead of this machine's, by the dates of its answers. */
async function nodeAhead(node: ClusterNode): Promise<number> {
  const { headers } = await node.get("/health/live");
  return (Date.parse(String(headers["date"])) - systemClock.nowMs()) / 1000;
}

async function databaseAhead(node: ClusterNode): Promise<number> {
  const [row] = await rowsOf(node, "SELECT UNIX_TIMESTAMP() AS now");
  return Number(row?.["now"]) - systemClock.nowMs() / 1000;
}
