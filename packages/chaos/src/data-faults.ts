import { rm } from "node:fs/promises";
import { ensureDataDirectories, findDatabaseProgram } from "@understudy/database-server";
import type { ClusterNode } from "@understudy/e2e";
import { messageOf, systemClock } from "@understudy/kernel";
import { NOTHING_TO_HEAL, type Fault, type FaultSite } from "./fault.ts";

const FULL_HOLD_MS = 10_000;
const WIPED_HOLD_MS = 2_500;
/** A server that waits for room looks for it once a minute. */
const FULL_BACK_MS = 150_000;
const FULL_END_MS = 70_000;
const POLL_MS = 250;
const READY_MS = 2_000;

/** What may happen to a database server's folder. */
export const DATA_FAULTS: readonly Fault[] = [
  {
    name: "full-disk",
    about: "the disk of a database server is full, to the last byte",
    isTargeted: true,
    needs: ["disks"],
    holdMs: FULL_HOLD_MS,
    backWithinMs: FULL_BACK_MS,
    inflict: async (site) => {
      const { database, nodeId } = site.target;
      await disksOf(site).fill(database.dataDirectory);
      return async () => {
        await disksOf(site).free(database.dataDirectory);
        // it may go on for a while before it ends
        const lastMs = systemClock.monotonicMs() + FULL_END_MS;
        while (database.pid !== null && !(await isReady(site.target))) {
          if (systemClock.monotonicMs() > lastMs) return;
          await systemClock.sleep(POLL_MS, site.signal);
        }
        if (database.pid !== null) return;
        // a service manager would have
        site.tell(`the database server of ${nodeId} has ended for want of room, and is started again`);
        try {
          await database.start();
        } catch (error) {
          // InnoDB of MariaDB 10.11 may leave a redo log that it can't read itself ("Missing FILE_CREATE … before FILE_CHECKPOINT")
          site.tell(`it can't come up, so an operator gives it an empty data directory: ${messageOf(error)}`);
          await emptyServer(site);
          await database.start();
        }
      };
    },
  },
  {
    name: "lose-data",
    about: "a database server dies and comes again with nothing of its data; its node goes on",
    isTargeted: true,
    holdMs: WIPED_HOLD_MS,
    inflict: async (site) => {
      const { database } = site.target;
      await database.killHard();
      await emptyServer(site);
      await database.start();
      return NOTHING_TO_HEAL;
    },
  },
];

/** Gives a server that does not run a data directory with nothing in it. */
async function emptyServer({ cluster, target: { database } }: FaultSite): Promise<void> {
  const program = await findDatabaseProgram(cluster.flavour);
  if (!program) throw new Error(`no ${cluster.flavour} server program on this machine`);
  await rm(database.dataDirectory, { recursive: true, force: true });
  await ensureDataDirectories(program, [database.dataDirectory]);
}

function disksOf({ equipment: { disks } }: FaultSite): NonNullable<typeof disks> {
  if (!disks) throw new Error("this cluster was started on the machine's own disk");
  return disks;
}

/** Whether it has a role, and a database that answers. */
async function isReady(node: ClusterNode): Promise<boolean> {
  const answer = await node.get("/health/ready", { timeoutMs: READY_MS }).catch(() => null);
  return answer?.status === 200;
}
