import type { Fault } from "./fault.ts";

const HOLD_MS = 9_000;

/** Members of etcd that die or hold still. */
export const ETCD_FAULTS: readonly Fault[] = [
  {
    name: "etcd-member-down",
    about: "kill -9 of one member of etcd",
    isTargeted: false,
    holdMs: HOLD_MS,
    inflict: async ({ cluster, random, tell }) => {
      const member = cluster.etcd[Math.floor(random() * cluster.etcd.length)];
      if (!member) throw new Error("this cluster has no etcd");
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
];
