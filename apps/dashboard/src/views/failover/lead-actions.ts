import type { Job } from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import type { FormSubmission } from "../../state/overlay.ts";
import { createForm } from "../../widgets/form-model.ts";
import { textEditor } from "../../widgets/text-editor.ts";
import { FAILOVER } from "./failover-state.ts";
import { lossBy } from "./plan-words.ts";

const LEAD_MS = 60_000;
const ACCEPT = "yes, what is not on it is lost";

/** The slaves, those first that could lead. */
function targetsOf(context: ViewContext): string[] {
  const slaves = (context.view?.members ?? [])
    .filter(({ role }) => role === "slave")
    .map(({ nodeId }) => nodeId);
  const { plan } = context.get(FAILOVER);
  const fit = new Set(plan?.candidates.filter(({ isFit }) => isFit).map(({ nodeId }) => nodeId));
  const rank = (nodeId: string): number => (nodeId === plan?.winner ? 0 : fit.has(nodeId) ? 1 : 2);
  return slaves.toSorted((one, other) => rank(one) - rank(other));
}

/** Asks for the new master, then for its name typed. */
export function askSwitchover(context: ViewContext): void {
  const choices = targetsOf(context);
  if (choices.length === 0) context.say("There is no slave that could take the lead.", "notice");
  else {
    const first = choices[0] === context.get(FAILOVER).plan?.winner;
    const hint = `← → choose${first ? "; the first is the one that would win a failover" : ""}`;
    const form = createForm([{ id: "to", label: "new master", choices, hint }]);
    context.open({ kind: "form", title: "Hand the lead over", form, submit: warnOfSwitchover });
  }
}

function warnOfSwitchover(
  { to = "" }: Readonly<Record<string, string>>,
  context: ViewContext,
): FormSubmission {
  const master = context.view?.leader?.nodeId ?? "the master";
  context.open({
    kind: "danger",
    title: `switchover from ${master} to ${to}`,
    sentences: [
      `${to} becomes the master, ${master} a slave. Writes wait meanwhile, a few seconds at most, and none is refused or lost; interactive transactions that are open for longer than 2 s are rolled back.`,
      "A failure before the hand-over leaves everything as it is.",
    ],
    word: to,
    editor: textEditor(),
    request: {
      title: `handing the lead over to ${to}`,
      call: async (node, options) => {
        const job = await node.switchover({ to }, options);
        return {
          said: `the switchover to ${to} has begun`,
          show: (now) => {
            now.update(FAILOVER, (state) => ({ ...state, job, jobTrouble: null }));
            now.show("failover");
            now.services.refresh();
          },
        };
      },
    },
  });
  return { kind: "done" };
}

/** Ends a switchover before its hand-over; everything is as before then. */
export function cancelSwitchover(job: Job, context: ViewContext): void {
  context.run({
    title: `cancelling the switchover ${job.id}`,
    call: async (node, options) => {
      await node.cancelJob(job.id, options);
      return { said: "the switchover is being cancelled", show: (now) => now.services.refresh() };
    },
  });
}

/** Asks which node is to lead, and whether a loss is accepted where there may be one; then for its name typed. */
export function askFailover(context: ViewContext): void {
  const choices = targetsOf(context);
  if (choices.length === 0) {
    context.say("There is no slave that could take the lead.", "notice");
    return;
  }
  const form = createForm([
    { id: "to", label: "new master", choices, hint: "← → choose" },
    {
      id: "acceptLoss",
      label: "accept loss",
      choices: ["no", ACCEPT],
      hint: "← → choose; without it a node that may lack confirmed writes is refused",
    },
  ]);
  context.open({ kind: "form", title: "Force a failover", form, submit: warnOfFailover });
}

function warnOfFailover(values: Readonly<Record<string, string>>, context: ViewContext): FormSubmission {
  const { to = "", acceptLoss: accepted } = values;
  const acceptLoss = accepted === ACCEPT;
  const loss = lossBy(to, context.get(FAILOVER).plan, context.view);
  if (loss.length > 0 && !acceptLoss) {
    return {
      kind: "wrong",
      sentence: `Confirmed writes may be lost: ${loss.join(" ")} Accept that, or leave it.`,
    };
  }
  const master = context.view?.leader?.nodeId;
  context.open({
    kind: "danger",
    title: `make ${to} the master by force`,
    sentences: [
      ...(loss.length === 0
        ? [`As the plan has it, ${to} has every confirmed write.`]
        : [`CONFIRMED WRITES MAY BE LOST. ${loss.join(" ")}`]),
      `${to} leads in a new epoch${master === undefined ? "" : `, and ${master} no longer`}. What only the old master has is not in the new history; when it comes back it keeps that in its quarantine.`,
    ],
    word: to,
    editor: textEditor(),
    request: {
      title: `making ${to} the master`,
      timeoutMs: LEAD_MS,
      call: async (node, options) => {
        const { leader, epoch } = await node.failover({ to, acceptLoss }, options);
        return { said: `${leader} leads in epoch ${epoch}`, show: (now) => now.services.refresh() };
      },
    },
  });
  return { kind: "done" };
}
