import type { Fault, FaultSite } from "./fault.ts";

const HOLD_MS = 6_000;
const STEP_SECONDS_MAX = 600;

/** Wall clocks that jump. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    name: "clock-step",
    about: "the wall clock of a node and its database server jumps by minutes, forth or back",
    isTargeted: true,
    needs: ["clocks"],
    holdMs: HOLD_MS,
    inflict: async (site) => {
      const { random, target, tell } = site;
      const seconds = (random() < 0.5 ? -1 : 1) * Math.ceil(60 + random() * STEP_SECONDS_MAX);
      tell(`the clocks of ${target.nodeId} jump by ${seconds} s; so do the times of its log`);
      await clocksOf(site).step(target.nodeId, seconds);
      return () => clocksOf(site).step(target.nodeId, 0);
    },
  },
];

function clocksOf({ equipment: { clocks } }: FaultSite): NonNullable<typeof clocks> {
  if (!clocks) throw new Error("this cluster was started with the machine's clock");
  return clocks;
}
