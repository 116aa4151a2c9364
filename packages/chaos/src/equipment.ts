import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterOptions } from "@understudy/e2e";
import type { Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { FakeClocks, noFakeClocks } from "./fake-clocks.ts";
import type { Fault, Need } from "./fault.ts";
import { noSmallDisks, SmallDisks } from "./small-disks.ts";

/** What a cluster is started with so that faults can happen to it. Null where it was not asked for. */
export interface Equipment {
  readonly disks: SmallDisks | null;
  readonly clocks: FakeClocks | null;
}

/** Options of a cluster that has it. */
export type EquippedOptions = Pick<ClusterOptions, "proxies" | "environmentOf" | "openDisks">;

/** Why a fault can't happen on this machine, in a sentence; null where it can. */
export function lackFor({ needs = [] }: Pick<Fault, "needs">): string | null {
  if (needs.includes("disks") && noSmallDisks() !== null) return noSmallDisks();
  return needs.includes("clocks") ? noFakeClocks() : null;
}

/** Gets ready what is needed; `stack` ends it, which must be after the cluster's end. */
export async function openEquipment(
  stack: AsyncDisposableStack,
  {
    needs,
    random,
    flavour,
  }: { readonly needs: readonly Need[]; readonly random: Random; readonly flavour: Flavour },
): Promise<{ readonly equipment: Equipment; readonly options: EquippedOptions }> {
  const disks = needs.includes("disks") ? new SmallDisks() : null;
  const clocks = needs.includes("clocks") ? await openClocks(stack, flavour) : null;
  const betweenEtcd = needs.includes("etcd-proxies");
  return {
    equipment: { disks, clocks },
    options: {
      ...(betweenEtcd || needs.includes("proxies") ? { proxies: { random, betweenEtcd } } : {}),
      ...(disks ? { openDisks: (folders: readonly string[]) => disks.open(folders) } : {}),
      ...(clocks ? { environmentOf: clocks.environmentOf.bind(clocks) } : {}),
    },
  };
}

async function openClocks(stack: AsyncDisposableStack, flavour: Flavour): Promise<FakeClocks> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-clocks-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  return new FakeClocks(directory, flavour);
}
