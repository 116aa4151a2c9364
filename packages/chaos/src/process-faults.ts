import type { Fault, FaultSite, Heal } from "./fault.ts";

const KILL_HOLD_MS = 2_500;
const FREEZE_HOLD_MS = 10_000;

/** A process that can be killed and held still. */
interface Victim {
  killHard(): Promise<void>;
  start(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
}

const nodeOf = ({ target }: FaultSite): readonly Victim[] => [target];
const databaseOf = ({ target }: FaultSite): readonly Victim[] => [target.database];
const bothOf = ({ target }: FaultSite): readonly Victim[] => [target.database, target];

/** `kill -9` and SIGSTOP of a node, its database server, or both at the same moment. */
export const PROCESS_FAULTS: readonly Fault[] = [
  killing("kill-node", "kill -9 of a node; its database server goes on", nodeOf),
  killing("kill-database", "kill -9 of a database server; its node goes on", databaseOf),
  killing("kill-both", "kill -9 of a node and its database server", bothOf),
  freezing("freeze-node", "SIGSTOP of a node; its connections stay open", nodeOf),
  freezing("freeze-database", "SIGSTOP of a database server", databaseOf),
  freezing("freeze-both", "SIGSTOP of a node and its database server", bothOf),
];

function killing(name: string, about: string, victimsOf: (site: FaultSite) => readonly Victim[]): Fault {
  return {
    name,
    about,
    isTargeted: true,
    holdMs: KILL_HOLD_MS,
    inflict: async (site) => {
      const victims = victimsOf(site);
      await Promise.all(victims.map((victim) => victim.killHard()));
      return async () => {
        for (const victim of victims) await victim.start();
      };
    },
  };
}

function freezing(name: string, about: string, victimsOf: (site: FaultSite) => readonly Victim[]): Fault {
  return {
    name,
    about,
    isTargeted: true,
    holdMs: FREEZE_HOLD_MS,
    inflict: async (site): Promise<Heal> => {
      const victims = victimsOf(site);
      await Promise.all(victims.map((victim) => victim.freeze()));
      return async () => {
        for (const victim of victims) victim.thaw();
      };
    },
  };
}
