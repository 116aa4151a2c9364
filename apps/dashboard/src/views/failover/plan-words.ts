import type { ClusterView, PlanAnswer } from "@understudy/protocol";
import { linesOf, type TonedLine } from "../../widgets/toned-lines.tsx";
import { behindInWords } from "../replication/slave-words.ts";
import type { FailoverState } from "./failover-state.ts";

/** Who leads, who would if it were gone, by what evidence, what would be lost and what blocks, in whole sentences. */
export function planInWords(
  { plan, planTrouble, lease }: Pick<FailoverState, "plan" | "planTrouble" | "lease">,
  view: ClusterView,
  columns: number,
): TonedLine[] {
  const lines = linesOf(leaderInWords(view, lease), columns, view.leader && !lease ? "good" : "bad");
  if (planTrouble !== null) lines.push(...linesOf(`! no plan can be had: ${planTrouble}`, columns, "bad"));
  if (!plan) return lines;
  const gone = view.leader ? `If ${view.leader.nodeId} were gone now` : "Now";
  if (plan.winner === null) {
    lines.push(...linesOf(`! ${gone}, nobody would lead by itself.`, columns, "bad"));
  } else lines.push(...linesOf(`● ${gone}, ${plan.winner} would lead.`, columns, "good"));
  if (plan.election === "etcd") lines.push(...linesOf(`Evidence: ${plan.evidence}.`, columns));
  if (plan.winner !== null && plan.blocked.length === 0) {
    lines.push(...linesOf("Lost by it: no confirmed write.", columns, "good"));
  }
  for (const reason of plan.blocked) lines.push(...linesOf(`! Blocked: ${reason}.`, columns, "bad"));
  if (plan.sync) {
    const { members, acks } = plan.sync;
    const among = members.length === 0 ? "no slave is in sync" : `${acks} of ${members.join(", ")}`;
    lines.push(...linesOf(`Each confirmed write is on the master and on: ${among}.`, columns));
  }
  for (const candidate of plan.candidates) {
    const isNotice = plan.election === "etcd" && !candidate.isFit;
    lines.push(...linesOf(candidateInWords(plan, candidate), columns, isNotice ? "notice" : "plain"));
  }
  return lines;
}

/** Without etcd a person says who leads, so that a plan knows of nobody what he could. */
function candidateInWords(
  { election }: PlanAnswer,
  { nodeId, isFit, reason }: PlanAnswer["candidates"][number],
): string {
  if (election === "static") return `· ${nodeId} is ${reason}`;
  return isFit ? `✓ ${nodeId} could lead: ${reason}` : `× ${nodeId} could not lead: ${reason}`;
}

function leaderInWords(view: ClusterView, lease: FailoverState["lease"]): string {
  if (!view.leader) return `× No node leads, as ${view.self} knows. The latest epoch is ${view.epoch}.`;
  const who = `${view.leader.nodeId} leads in epoch ${view.epoch}`;
  if (typeof lease === "string")
    return `! ${who}, as ${view.self} knows, but it does not say so itself: ${lease}`;
  if (view.election === "static")
    return `★ ${who}. There is no lease: without etcd it leads until a person says otherwise.`;
  return `★ ${who}${lease === null ? ", and its lease is valid" : "; its lease is being asked for"}.`;
}

/** What may be lost where `nodeId` is made the master by force, in whole sentences; empty where the plan shows that nothing confirmed is. */
export function lossBy(nodeId: string, plan: PlanAnswer | null, view: ClusterView | null): string[] {
  const candidate = plan?.candidates.find((one) => one.nodeId === nodeId);
  if (plan?.blocked.length === 0 && candidate?.isFit === true) return [];
  const lag = view?.members.find((member) => member.nodeId === nodeId)?.lag;
  return [
    ...(plan?.election === "static"
      ? [`Without etcd nobody can tell whether ${nodeId} has every write that was confirmed.`]
      : (plan?.blocked.map((reason) => `What blocks it: ${reason}.`) ?? ["No plan could be had."])),
    ...(candidate && plan?.election !== "static" ? [`${nodeId}: ${candidate.reason}.`] : []),
    lag === undefined
      ? `What ${nodeId} lacks is not known.`
      : `What it lacks of the master's, as last known: ${behindInWords(lag)}.`,
  ];
}
