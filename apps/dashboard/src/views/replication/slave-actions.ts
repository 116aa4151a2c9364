import type { Member } from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import type { RunRequest } from "../../live/action-runner.ts";
import { requestJson } from "../../live/node-request.ts";
import { textEditor } from "../../widgets/text-editor.ts";

/** What can be done to a slave after its name is typed. */
export type SlaveAction = "pause" | "rebuild" | "remove";

/** Opens the dialog that names what will be done, and to whom. */
export function askTo(action: SlaveAction, member: Member, context: ViewContext): void {
  context.open({
    kind: "danger",
    title: `${action} ${member.nodeId}`,
    sentences: sentencesOf(action, member, context.view?.leader?.nodeId ?? "the master"),
    word: member.nodeId,
    editor: textEditor(),
    request: requestFor(action, member, context),
  });
}

/** Resumes deliveries after a pause (asked of the master), or tries again what a slave is broken by (asked of that slave). */
export function resume(member: Member, context: ViewContext): void {
  const isBroken = member.state === "broken" && member.queue?.mode !== "paused";
  context.run({
    title: `resuming ${member.nodeId}`,
    at: isBroken ? member.url : context.view?.leader?.url,
    call: async (node, options) => {
      await requestJson(node, { method: "POST", path: pathOf(member, "/resume") }, options);
      return {
        said: `replication to ${member.nodeId} goes on`,
        show: (now) => now.services.refresh(),
      };
    },
  });
}

/** In whole sentences what an action does. */
function sentencesOf(action: SlaveAction, { nodeId, lag }: Member, master: string): string[] {
  switch (action) {
    case "pause":
      return [
        `${master} delivers nothing to ${nodeId} until it is resumed, so that it falls behind and its reads grow old.`,
        `It still counts as a member: writes that wait for it (ack majority, all) wait in vain.`,
      ];
    case "rebuild":
      return [
        `All databases and accounts on ${nodeId}'s server are deleted, and come anew from ${master}. It answers no reads until that is done, and it can't be cancelled.`,
        `Transactions that only ${nodeId} has are first kept in its quarantine (see Failover). Where that fails nothing is deleted. All else that only its server holds is lost.`,
      ];
    case "remove": {
      const behind =
        lag.transactions === null || lag.transactions === 0
          ? ""
          : `, now ${lag.transactions} transactions behind,`;
      return [
        `${master} forgets ${nodeId}${behind} and delivers nothing more to it. It counts no more for acks, nor for a failover.`,
        "Its data stays as it is. A node that still runs comes back by itself: stop it first.",
      ];
    }
    default:
      return action satisfies never;
  }
}

function requestFor(action: SlaveAction, member: Member, context: ViewContext): RunRequest {
  const { nodeId } = member;
  const leader = context.view?.leader?.url;
  const show = (now: ViewContext): void => now.services.refresh();
  switch (action) {
    case "pause":
      return {
        title: `pausing ${nodeId}`,
        at: leader,
        call: async (node, options) => {
          await requestJson(node, { method: "POST", path: pathOf(member, "/pause") }, options);
          return { said: `replication to ${nodeId} is paused`, show };
        },
      };
    case "rebuild":
      return {
        title: `rebuilding ${nodeId}`,
        call: async (node, options) => {
          await node.rebuild(nodeId, options);
          return { said: `${nodeId} takes a fresh copy as soon as it has asked its master`, show };
        },
      };
    case "remove":
      return {
        title: `removing ${nodeId}`,
        at: leader,
        call: async (node, options) => {
          await requestJson(node, { method: "DELETE", path: pathOf(member, "") }, options);
          return { said: `${nodeId} is no member any more`, show };
        },
      };
    default:
      return action satisfies never;
  }
}

function pathOf({ nodeId }: Member, rest: string): string {
  return `/cluster/nodes/${encodeURIComponent(nodeId)}${rest}`;
}
