import { UnderstudyError } from "@understudy/protocol";
import { BACK_WITHIN_MS } from "./convergence.ts";
import { CLOCK_FAULTS } from "./clock-faults.ts";
import { CUNNING_FAULTS } from "./cunning-faults.ts";
import { DATA_FAULTS } from "./data-faults.ts";
import { ETCD_FAULTS } from "./etcd-faults.ts";
import type { Fault, Heal } from "./fault.ts";
import { NETWORK_FAULTS } from "./network-faults.ts";
import { PLANNED_FAULTS } from "./planned-faults.ts";
import { PROCESS_FAULTS } from "./process-faults.ts";

/** Every fault that has a name. */
export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...ETCD_FAULTS,
  ...PLANNED_FAULTS,
  ...DATA_FAULTS,
  ...CLOCK_FAULTS,
  ...CUNNING_FAULTS,
];

/** Those that a random walk takes its steps from. */
export const FAULTS_OF_WALKS: readonly Fault[] = FAULTS.filter(({ isWild }) => !isWild);

/** The fault of that name, or several at once: `kill-node+etcd-member-down`. Throws `config-invalid` for a name that is none. */
export function faultNamed(name: string): Fault {
  const parts = name.split("+").map((part) => {
    const fault = FAULTS.find((one) => one.name === part);
    if (fault) return fault;
    throw new UnderstudyError(
      "config-invalid",
      `no fault is called "${part}"; there are ${FAULTS.map((one) => one.name).join(", ")}`,
    );
  });
  const [first, ...others] = parts;
  return first && others.length === 0 ? first : atOnce(name, parts);
}

/** All of them at the same moment, healed one after another. */
function atOnce(name: string, parts: readonly Fault[]): Fault {
  return {
    name,
    about: "several at once",
    isTargeted: parts.some(({ isTargeted }) => isTargeted),
    needs: [...new Set(parts.flatMap(({ needs }) => needs ?? []))],
    backWithinMs: Math.max(...parts.map(({ backWithinMs }) => backWithinMs ?? BACK_WITHIN_MS)),
    isWild: parts.some(({ isWild }) => isWild),
    holdMs: Math.max(...parts.map(({ holdMs }) => holdMs)),
    inflict: async (site) => {
      const begun = await Promise.allSettled(parts.map((part) => part.inflict(site)));
      const heals = begun.flatMap((one): Heal[] => (one.status === "fulfilled" ? [one.value] : []));
      const heal: Heal = async () => {
        for (const one of heals) await one();
      };
      const failed = begun.find((one) => one.status === "rejected");
      if (!failed) return heal;
      await heal();
      throw failed.reason;
    },
  };
}
