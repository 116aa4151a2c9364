import type { Job } from "@understudy/protocol";
import { duration } from "../../state/wording.ts";
import { progressBar } from "../../widgets/progress.ts";
import type { TonedLine } from "../../widgets/toned-lines.tsx";
import type { Tone } from "../../state/wording.ts";

/** Steps of a switchover; a node of another version may have more. */
const STEPS = 5;
const BAR_WIDTH = 16;

const SIGNS: Readonly<Record<Job["state"], { readonly glyph: string; readonly tone: Tone }>> = {
  running: { glyph: "…", tone: "accent" },
  done: { glyph: "✓", tone: "good" },
  failed: { glyph: "×", tone: "bad" },
};

/** A switchover with its bar, then its steps; where `rows` is too little for all, the latest. */
export function jobLines(
  job: Job,
  { nowMs, rows }: { readonly nowMs: number; readonly rows: number },
): TonedLine[] {
  const { glyph, tone } = SIGNS[job.state];
  const took = duration((job.endedAt === null ? nowMs : Date.parse(job.endedAt)) - Date.parse(job.startedAt));
  const done = job.steps.filter(({ state }) => state === "done").length;
  const share = job.state === "done" ? 1 : done / Math.max(STEPS, job.steps.length);
  const title = `${glyph} ${progressBar(share, BAR_WIDTH)} ${job.kind} by ${job.nodeId} ${job.state}, ${took}`;
  const steps = job.steps.map(({ name, state, tookMs, detail }): TonedLine => {
    const time = tookMs === null ? "" : `, ${duration(tookMs)}`;
    return {
      text: `  ${SIGNS[state].glyph} ${name}${time}${detail === "" ? "" : `: ${detail}`}`,
      tone: SIGNS[state].tone,
    };
  });
  const error = job.error === null ? [] : [{ text: `! ${job.error}`, tone: "bad" as const }];
  return [{ text: title, tone }, ...steps.slice(-Math.max(1, rows - 1 - error.length)), ...error];
}
