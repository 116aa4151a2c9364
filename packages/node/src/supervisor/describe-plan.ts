import type { PlanAnswer } from "@understudy/protocol";
import type { RunningNode } from "../node-runtime.ts";

/** Who would lead if the master were gone now, as this node sees it. */
export function describePlan({ election, role }: RunningNode): PlanAnswer {
  const plan = election.plan();
  const view = role.view();
  const leader = view.leader?.nodeId ?? null;
  if (!plan) {
    return {
      election: election.kind,
      epoch: role.epoch.toString(),
      leader,
      winner: null,
      evidence: "nothing is agreed on",
      blocked: [blockedReason(election.kind)],
      candidates: view.members
        .filter((member) => member.role === "slave")
        .map(({ nodeId, state, reason }) => ({ nodeId, isFit: false, reason: `${state}: ${reason}` })),
      sync: null,
    };
  }
  const sync = election.state?.sync ?? null;
  return {
    election: election.kind,
    epoch: (election.state?.epoch ?? role.epoch).toString(),
    leader: election.state?.leader?.nodeId ?? null,
    winner: plan.winner,
    evidence: plan.evidence,
    blocked: [...plan.blocked],
    candidates: plan.candidates.map((candidate) => ({ ...candidate })),
    sync: sync && { members: [...sync.members], acks: sync.acks },
  };
}

function blockedReason(kind: "static" | "etcd"): string {
  if (kind === "etcd") return "etcd has not been read yet";
  return "there is no election: without etcd a person decides, with POST /cluster/switchover while the master is there, else with POST /cluster/failover at the node that is to lead";
}
