import type { Cluster } from "@understudy/e2e";
import type { TcpProxy } from "@understudy/sandbox";
import { pickOne, type Fault, type Heal } from "./fault.ts";

const HOLD_MS = 9_000;
const ASK_MS = 2_000;

/** Members of etcd that die, hold still or are cut off from each other. */
export const ETCD_FAULTS: readonly Fault[] = [
  {
    name: "etcd-member-down",
    about: "kill -9 of one member of etcd",
    isTargeted: false,
    holdMs: HOLD_MS,
    inflict: async ({ cluster, random, tell }) => {
      const member = pickOne(cluster.etcd, random);
      tell(`${member.name} dies`);
      await member.killHard();
      return () => member.start();
    },
  },
  {
    name: "etcd-all-down",
    about: "kill -9 of all members of etcd",
    isTargeted: false,
    holdMs: HOLD_MS,
    inflict: async ({ cluster }) => {
      await Promise.all(cluster.etcd.map((member) => member.killHard()));
      // at the same time: none of them answers before a majority is there
      return async () => void (await Promise.all(cluster.etcd.map((member) => member.start())));
    },
  },
  {
    name: "etcd-all-frozen",
    about: "SIGSTOP of all members of etcd",
    isTargeted: false,
    holdMs: HOLD_MS,
    inflict: async ({ cluster }) => {
      await Promise.all(cluster.etcd.map((member) => member.freeze()));
      return async () => {
        for (const member of cluster.etcd) member.thaw();
      };
    },
  },
  {
    name: "partition-etcd-member",
    about: "a member of etcd and the others hear nothing of each other; nodes reach all",
    isTargeted: false,
    needs: ["etcd-proxies"],
    holdMs: HOLD_MS,
    inflict: async ({ cluster, random, tell }) => isolate(cluster, pickOne(cluster.etcd, random).name, tell),
  },
  {
    name: "partition-etcd-leader",
    about: "the same of the one that leads etcd",
    isTargeted: false,
    needs: ["etcd-proxies"],
    holdMs: HOLD_MS,
    inflict: async ({ cluster, tell }) => isolate(cluster, await leaderOfEtcd(cluster), tell),
  },
];

function isolate(cluster: Cluster, name: string, tell: (sentence: string) => void): Heal {
  tell(`${name} is cut off from the other members`);
  const ways: TcpProxy[] = [...cluster.proxies]
    .filter(([way]) => way.startsWith(`${name}>`) || way.endsWith(`>${name}`))
    .filter(([way]) => !way.startsWith("node"))
    .map(([, proxy]) => proxy);
  for (const way of ways) way.freeze();
  return async () => {
    for (const way of ways) way.thaw();
  };
}

/** Its name, by the word of the members. Throws where none of them knows. */
async function leaderOfEtcd({ etcd }: Cluster): Promise<string> {
  for (const member of etcd) {
    const response = await fetch(`${member.url}/v3/maintenance/status`, {
      method: "POST",
      body: "{}",
      signal: AbortSignal.timeout(ASK_MS),
    });
    const status: unknown = await response.json();
    if (leads(status)) return member.name;
  }
  throw new Error("no member of etcd says that it leads");
}

function leads(status: unknown): boolean {
  if (typeof status !== "object" || status === null || !("leader" in status) || !("header" in status))
    return false;
  const { leader, header } = status;
  return (
    typeof header === "object" && header !== null && "member_id" in header && header.member_id === leader
  );
}
