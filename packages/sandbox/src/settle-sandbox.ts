import { findDatabaseProgram, type DatabaseProgram } from "@understudy/database-server";
import { findEtcdProgram, type EtcdProgram } from "@understudy/etcd-server";
import { FLAVOURS, UnderstudyError, type Flavour } from "@understudy/protocol";
import { endLeftovers } from "./leftovers.ts";
import {
  clearSandbox,
  LAYOUT_VERSION,
  readPlan,
  writePlan,
  type EtcdPlan,
  type SandboxPlan,
} from "./sandbox-folder.ts";
import { planEtcdPorts, planPorts } from "./sandbox-ports.ts";
import type { SandboxOptions } from "./sandbox.ts";

/** What is started, and with which programs. */
export interface SettledSandbox {
  readonly plan: SandboxPlan;
  readonly program: DatabaseProgram;
  /** Null where no etcd is to be started, although the plan may have one from an earlier run. */
  readonly etcd: EtcdProgram | null;
}

const SLAVES_DEFAULT = 2;

/** Decides flavour, nodes, etcd and ports, and saves them; ends leftovers of an earlier run before. */
export async function settleSandbox(
  stack: AsyncDisposableStack,
  directory: string,
  options: SandboxOptions,
): Promise<SettledSandbox> {
  await endLeftovers(directory);
  if (options.fresh) await clearSandbox(directory);
  const earlier = await readPlan(directory);
  if (earlier && options.flavour && options.flavour !== earlier.flavour) {
    throw new UnderstudyError(
      "config-invalid",
      `${directory} holds ${earlier.flavour} data, so it can't be started with --flavour ${options.flavour}; leave the option out, name another folder with --dir, or start with --fresh to throw the data away`,
    );
  }
  const program = await findProgram(options.flavour ?? earlier?.flavour);
  const slaves = options.slaves ?? (earlier ? earlier.nodes.length - 1 : SLAVES_DEFAULT);
  const nodeIds = Array.from({ length: slaves + 1 }, (_, index) => `node${index + 1}`);
  const nodes = await planPorts(stack, { nodeIds, port: options.port, earlier: earlier?.nodes ?? [] });
  const wish = {
    members: options.etcd ?? 0,
    earlier: earlier?.etcd ?? null,
    except: nodes.map(({ port }) => port),
  };
  const etcd = await settleEtcd(stack, wish);
  const plan = {
    version: LAYOUT_VERSION,
    flavour: program.flavour,
    nodes,
    ...(etcd.plan ? { etcd: etcd.plan } : {}),
  };
  await writePlan(directory, plan);
  return { plan, program, etcd: etcd.program };
}

/** The etcd to start, if any; what an earlier run had stays in the plan in any case. */
async function settleEtcd(
  stack: AsyncDisposableStack,
  wish: { readonly members: number; readonly earlier: EtcdPlan | null; readonly except: readonly number[] },
): Promise<{ readonly program: EtcdProgram | null; readonly plan: EtcdPlan | null }> {
  const { members, earlier, except } = wish;
  if (members === 0) return { program: null, plan: earlier };
  const program = await findEtcdProgram();
  if (!program) {
    throw new UnderstudyError(
      "config-invalid",
      "no etcd program (3.4 or later) was found on this machine; install one, name it in UNDERSTUDY_ETCD_PROGRAM, or start with --no-etcd",
    );
  }
  const ports = await planEtcdPorts(stack, { members, earlier: earlier?.members ?? null, except });
  return { program, plan: { clusterId: earlier?.clusterId ?? null, members: ports } };
}

async function findProgram(wanted: Flavour | undefined): Promise<DatabaseProgram> {
  for (const flavour of wanted ? [wanted] : FLAVOURS.toReversed()) {
    const program = await findDatabaseProgram(flavour);
    if (program) return program;
  }
  throw new UnderstudyError(
    "config-invalid",
    `no ${wanted ?? "MariaDB or MySQL"} server program was found on this machine; \`npm start\` tells how to get one, UNDERSTUDY_MARIADBD and UNDERSTUDY_MYSQLD name one`,
  );
}
