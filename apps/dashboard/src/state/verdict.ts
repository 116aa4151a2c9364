import type { ClusterView, Member } from "@understudy/protocol";

/** Exit codes, as the usage promises them. */
export const EXIT_CODES = { healthy: 0, degraded: 1, unreachable: 2 } as const;

/** What is wrong with a cluster, each in one sentence; nothing is wrong with a healthy one. Warnings are not faults. */
export function faultsOf(view: ClusterView): string[] {
  const faults = view.members.flatMap((member) => (member.state === "up" ? [] : [faultOf(member)]));
  return view.leader === null ? ["no master: nothing can be written now", ...faults] : faults;
}

function faultOf(member: Member): string {
  const why = member.reason === "" ? "" : `: ${member.reason}`;
  return `${member.nodeId} is ${member.state}${why}`;
}

/** `healthy` or `degraded`. */
export function verdictOf(view: ClusterView): "healthy" | "degraded" {
  return faultsOf(view).length === 0 ? "healthy" : "degraded";
}
