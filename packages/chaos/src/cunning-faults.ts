import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import type { TcpProxy } from "@understudy/sandbox";
import type { Fault, FaultSite } from "./fault.ts";

const HOLD_MS = 6_000;
const DEATH_HOLD_MS = 2_000;
/** Twice as much, there and back, must not count as silence yet. */
const LATE_MS = 1_150;
const FALL_BEHIND_MS = 3_500;
const POLL_MS = 10;
const WAIT_MS = 6_000;
/** A dead master's lease ends first. Who keeps all rules takes no lead, and is waited for in vain. */
const TAKEN_WITHIN_MS = 12_000;

/** Several things in the order that is worst for one of the rules. */
export const CUNNING_FAULTS: readonly Fault[] = [
  {
    name: "double-death",
    about:
      "a slave is behind, the other one is taken out, and as soon as it is, that one and the master die at once",
    isTargeted: false,
    needs: ["proxies"],
    holdMs: DEATH_HOLD_MS,
    stopsWrites: true,
    inflict: async (site) => {
      const { cluster, leader, random, tell } = site;
      const [one, other] = cluster.others(leader);
      if (!one || !other) throw new Error("this needs two slaves");
      const [late, taken] = random() < 0.5 ? [one, other] : [other, one];
      const way = cluster.proxy(`${leader.nodeId}>${late.nodeId}`);
      tell(`${late.nodeId} hears of ${leader.nodeId} ${LATE_MS} ms late`);
      way.delay(LATE_MS);
      const dead = [leader, taken];
      try {
        await systemClock.sleep(FALL_BEHIND_MS, site.signal);
        await leader.post(`/cluster/nodes/${taken.nodeId}/pause`, {});
        tell(`${taken.nodeId} is sent nothing any more`);
        const isOut = await comesTrue(site, async () => {
          const inSync = await inSyncBy(leader);
          return inSync.length > 0 && !inSync.includes(taken.nodeId);
        });
        tell(isOut ? `${taken.nodeId} is not in sync any more` : `${taken.nodeId} stays in sync`);
        // what is on its way dies with its sender
        way.refuse();
        way.cutAll();
        await Promise.all(dead.flatMap((node) => [node.killHard(), node.database.killHard()]));
        tell(`${dead.map(({ nodeId }) => nodeId).join(" and ")} die`);
      } finally {
        way.delay(0);
        await way.accept();
      }
      // whatever happens from here on, the dead have to be healed
      const leads = async (): Promise<boolean> => (await leaderBy(late).catch(() => null)) === late.nodeId;
      const isTaken = await comesTrue(site, leads, TAKEN_WITHIN_MS).catch(() => false);
      tell(isTaken ? `the lead is ${late.nodeId}'s` : "nobody takes the master's place");
      return async () => {
        await Promise.all(dead.map((node) => node.database.start()));
        await Promise.all(dead.map((node) => node.start()));
      };
    },
  },
  {
    name: "false-death",
    about:
      "the master's address refuses connections though it lives, and it does not hear of etcd for a while",
    isTargeted: false,
    needs: ["proxies"],
    holdMs: HOLD_MS,
    isWild: true,
    inflict: async (site) => {
      const { cluster, leader, tell } = site;
      const { nodeId } = leader;
      const gate = cluster.gate(nodeId);
      const toEtcd = waysOf(site, new RegExp(`^${nodeId}>etcd`));
      const toNodes = waysOf(site, new RegExp(`^${nodeId}>node`));
      const toIt = waysOf(site, new RegExp(`^(node\\d+|others)>${nodeId}$`));
      gate.refuse();
      for (const way of toNodes) way.refuse();
      // before its place can be taken, or it hears of that at once
      for (const way of toEtcd) way.freeze();
      for (const way of [...toNodes, ...toIt]) way.cutAll();
      const others = cluster.others(leader);
      const isReplaced = await comesTrue(site, async () => {
        const leaders = await Promise.all(others.map(leaderBy));
        return leaders.some((id) => id !== null && id !== nodeId);
      });
      tell(
        isReplaced
          ? "the lead is another's; the old master reaches the others again"
          : "nobody takes its place",
      );
      for (const way of toNodes) await way.accept();
      return async () => {
        if (leader.pid !== null) await gate.accept();
        for (const way of toEtcd) way.thaw();
      };
    },
  },
];

function waysOf({ cluster }: FaultSite, name: RegExp): readonly TcpProxy[] {
  return [...cluster.proxies].filter(([way]) => name.test(way)).map(([, proxy]) => proxy);
}

/** False where it takes too long. */
async function comesTrue(
  { signal }: FaultSite,
  isTrue: () => Promise<boolean>,
  withinMs = WAIT_MS,
): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  while (systemClock.monotonicMs() < deadlineMs) {
    if (await isTrue()) return true;
    await systemClock.sleep(POLL_MS, signal);
  }
  return false;
}

/** Who has the lead by a node's word; null where it can't tell. */
async function leaderBy(node: ClusterNode): Promise<string | null> {
  const { body } = await node.get("/cluster/plan", { timeoutMs: WAIT_MS });
  return typeof body["leader"] === "string" ? body["leader"] : null;
}

/** Who is in sync by a node's word. */
async function inSyncBy(node: ClusterNode): Promise<readonly string[]> {
  const { body } = await node.get("/cluster/plan", { timeoutMs: WAIT_MS });
  const sync = body["sync"];
  if (typeof sync !== "object" || sync === null || !("members" in sync)) return [];
  return Array.isArray(sync.members) ? sync.members.map(String) : [];
}
