import type { BrokenRule } from "./broken-rule.ts";
import type { ElectionHost } from "./election-host.ts";

/** The host with one rule broken, for simulations and drills that must find it. */
export function breakHost(host: ElectionHost, broken: BrokenRule | null): ElectionHost {
  if (broken !== "closing" && broken !== "sync-order") return host;
  return {
    describe: (signal) => host.describe(signal),
    follow: (leader) => {
      // who says that it is closed, but is not, stays with its master
      if (leader || broken !== "closing") host.follow(leader);
    },
    close: (epoch, signal) => (broken === "closing" ? Promise.resolve() : host.close(epoch, signal)),
    reopen: (epoch) => host.reopen(epoch),
    lead: (epoch, signal) => host.lead(epoch, signal),
    stepDown: (because) => host.stepDown(because),
    leaderRefuses: (leader, signal) => host.leaderRefuses(leader, signal),
    allAgree: (epoch, signal) => host.allAgree(epoch, signal),
    slavesInSync: () => host.slavesInSync(),
    acked: (set, signal) => (broken === "sync-order" ? Promise.resolve() : host.acked(set, signal)),
    stalled: () => host.stalled(),
    unheard: () => host.unheard(),
    note: (sentence) => host.note(sentence),
  };
}
