import type { Job, Member } from "@understudy/protocol";
import type { ClusterState } from "../../state/cluster-state.ts";
import { duration } from "../../state/wording.ts";
import { bytesInWords, paceWords, progressBar, type Sample } from "../../widgets/progress.ts";
import { fit } from "../../widgets/text-cells.ts";

const BAR_WIDTH = 24;

/** Long work under way, a line each: copies with bar, rate and time left, then jobs with the step that they are at. */
export function workLines(cluster: ClusterState, nowMs: number): string[] {
  const members = cluster.snapshot?.view.members ?? [];
  const copies = members
    .filter(({ copy }) => copy !== null)
    .map((member) => copyLine(member, cluster.series.get(member.nodeId)?.copy ?? []));
  const jobs = cluster.jobs.filter((job) => job.state === "running").map((job) => jobLine(job, nowMs));
  return [...copies, ...jobs];
}

/** The copy on its way to a member: bar, amount, rate and time left; empty where none is. */
export function copyLine({ nodeId, copy }: Member, samples: readonly Sample[]): string {
  if (!copy) return "";
  const bar = progressBar(copy.bytesDone / Math.max(1, copy.bytesTotal), BAR_WIDTH);
  const amount = `${bytesInWords(copy.bytesDone)} of ~${bytesInWords(copy.bytesTotal)}`;
  const pace = paceWords(samples, copy.bytesTotal, bytesInWords);
  return `${fit(`copy ${nodeId}`, 18)} ${bar} ${copy.phase} ${amount}${pace === "" ? "" : `, ${pace}`}`;
}

/** A job by its steps: those done of those begun, the present one in its own words. */
function jobLine(job: Job, nowMs: number): string {
  const step = job.steps.at(-1);
  const done = job.steps.filter(({ state }) => state === "done").length;
  const endMs = job.endedAt === null ? nowMs : Date.parse(job.endedAt);
  const took = duration(endMs - Date.parse(job.startedAt));
  const at = step ? `${step.name}${step.detail === "" ? "" : `: ${step.detail}`}` : "beginning";
  const what = job.state === "running" ? `step ${done + 1}, ${at}` : (job.error ?? job.state);
  return `${fit(`${job.kind} ${job.nodeId}`, 18)} ${what}, ${took}`;
}
