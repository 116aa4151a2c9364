import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import { NOTHING_TO_HEAL, type Fault, type FaultSite } from "./fault.ts";

const JOB_MS = 30_000;
const POLL_MS = 50;
const AFTER_MS = 1_500;

/** What a person does on purpose; no write fails by it. */
export const PLANNED_FAULTS: readonly Fault[] = [
  {
    name: "switchover",
    about: "the lead is handed over to a slave",
    isTargeted: false,
    isPlanned: true,
    holdMs: AFTER_MS,
    inflict: async (site) => {
      await switchOver(site);
      return NOTHING_TO_HEAL;
    },
  },
  {
    name: "rolling-restart",
    about: "every node is stopped in order and started again, one after another, the master last",
    isTargeted: false,
    holdMs: AFTER_MS,
    inflict: async (site) => {
      const { cluster, leader, tell } = site;
      for (const node of [...cluster.nodes.filter((it) => it !== leader), leader]) {
        site.signal.throwIfAborted();
        tell(`${node.nodeId} stops`);
        await node.stop();
        await node.start();
        tell(`${node.nodeId} runs again`);
        await cluster.waitUntilReplicating();
      }
      return NOTHING_TO_HEAL;
    },
  },
];

/** Begins a switchover to some slave and resolves with what its job is called. Throws the answer where it is refused. */
export async function beginSwitchover({ cluster, leader, random, tell }: FaultSite): Promise<string> {
  const slaves = cluster.nodes.filter((node) => node !== leader);
  const to = slaves[Math.floor(random() * slaves.length)];
  if (!to) throw new Error("there is no slave to switch over to");
  tell(`switchover from ${leader.nodeId} to ${to.nodeId}`);
  const { status, body, text } = await leader.post("/cluster/switchover", { to: to.nodeId });
  if (status !== 202) throw new Error(`switchover: ${status} ${text}`);
  return String(body["id"]);
}

async function switchOver(site: FaultSite): Promise<void> {
  const job = await beginSwitchover(site);
  const deadline = systemClock.monotonicMs() + JOB_MS;
  for (;;) {
    const state = await stateOf(site.leader, job);
    if (state === "done") return;
    if (state.startsWith("failed")) throw new Error(`the switchover ${state}`);
    if (systemClock.monotonicMs() > deadline) throw new Error("the switchover did not end in time");
    await systemClock.sleep(POLL_MS, site.signal);
  }
}

async function stateOf(node: ClusterNode, job: string): Promise<string> {
  const { body, text } = await node.get(`/jobs/${encodeURIComponent(job)}`);
  return body["state"] === "failed" ? `failed: ${text}` : String(body["state"]);
}
