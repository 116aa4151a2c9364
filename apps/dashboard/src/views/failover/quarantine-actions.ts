import type { CallOptions, NodeClient } from "@understudy/client";
import {
  UnderstudyError,
  type QuarantineEntry,
  type QuarantineEntryAnswer,
  type QuarantineReport,
} from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import { requestJson } from "../../live/node-request.ts";
import type { FormSubmission } from "../../state/overlay.ts";
import { createForm } from "../../widgets/form-model.ts";
import { textEditor } from "../../widgets/text-editor.ts";
import { FAILOVER } from "./failover-state.ts";
import { contentInWords, entryInWords, isWholeCopy, reportInWords } from "./quarantine-words.ts";

const PAGE = 200;
/** A listing may be as large as the data; this is what is shown of it. */
const LISTING_CHARACTERS_MAX = 64 * 1024;
const APPLY_MS = 10 * 60_000;

function pathOf({ manifest }: QuarantineEntry, rest: string): string {
  return `/cluster/quarantine/${encodeURIComponent(manifest.id)}${rest}`;
}

/** The list is asked for again at once. */
function forget(context: ViewContext): void {
  context.update(FAILOVER, (state) => ({ ...state, quarantineAtMs: null }));
  context.services.refresh();
}

/** Shows what each transaction of the entry did. */
export function showEntry(entry: QuarantineEntry, context: ViewContext): void {
  context.run({
    title: `reading ${entry.manifest.id}`,
    call: async (node, options) => {
      const path = pathOf(entry, `?limit=${PAGE}`);
      const answer = (await requestJson(
        node,
        { method: "GET", path },
        options,
      )) as Partial<QuarantineEntryAnswer>;
      const { transactions = [], next = null } = answer;
      const text = entryInWords(answer.entry ?? entry, transactions, next !== null);
      return {
        said: isWholeCopy(entry.manifest)
          ? `${entry.manifest.id} is a copy of all data`
          : `${transactions.length} transactions of ${entry.manifest.id}`,
        show: (now) => now.open({ kind: "text", title: entry.manifest.id, text, scroll: 0 }),
      };
    },
  });
}

/** Shows every row and statement of the entry, as the database server's own program prints them. */
export function showListing(entry: QuarantineEntry, context: ViewContext): void {
  context.run({
    title: `listing ${entry.manifest.id}`,
    call: async (node, options) => {
      const path = pathOf(entry, "/listing");
      const text = await readText(node, path, options);
      return {
        said: `listed ${entry.manifest.id}`,
        show: (now) => now.open({ kind: "text", title: `listing of ${entry.manifest.id}`, text, scroll: 0 }),
      };
    },
  });
}

async function readText(node: NodeClient, path: string, options: CallOptions): Promise<string> {
  const request = { method: "GET", path, headers: {}, body: undefined, isOwn: true };
  using answer = await node.forwardStream(request, options);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of answer.body()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LISTING_CHARACTERS_MAX) {
      return `${text.slice(0, LISTING_CHARACTERS_MAX)}\n… cut here; all of it: GET ${path}`;
    }
  }
  if (answer.status !== 200) throw new UnderstudyError("internal", text.slice(0, 500));
  return text;
}

/** Tries the entry against the master's data; changes nothing. */
export function checkEntry(entry: QuarantineEntry, context: ViewContext): void {
  context.run({
    title: `checking ${entry.manifest.id}`,
    timeoutMs: APPLY_MS,
    call: (node, options) => applied(node, entry, { mode: "check", onConflict: "skip", options }),
  });
}

/** Asks what a conflict does, then for the node's name typed. */
export function askToApply(entry: QuarantineEntry, context: ViewContext): void {
  const hint = "stop at the first conflict, or leave conflicting transactions out";
  const form = createForm([{ id: "onConflict", label: "on conflict", choices: ["stop", "skip"], hint }]);
  const submit = ({ onConflict }: Readonly<Record<string, string>>, now: ViewContext): FormSubmission => {
    const { id, node, clientTransactionCount } = entry.manifest;
    const way = onConflict === "skip" ? "skip" : "stop";
    now.open({
      kind: "danger",
      title: `apply ${id}`,
      sentences: [
        `Up to ${clientTransactionCount} transactions that only ${node} had are written to the master, each once, as new ones. Check it first (c).`,
        way === "stop"
          ? "It stops at the first conflict; what was applied before stays."
          : "Transactions in conflict are left out; those after them are applied without them.",
      ],
      word: node,
      editor: textEditor(),
      request: {
        title: `applying ${id}`,
        timeoutMs: APPLY_MS,
        call: (client, options) => applied(client, entry, { mode: "apply", onConflict: way, options }),
      },
    });
    return { kind: "done" };
  };
  context.open({ kind: "form", title: `Apply ${entry.manifest.id}`, form, submit });
}

async function applied(
  node: NodeClient,
  entry: QuarantineEntry,
  {
    mode,
    onConflict,
    options,
  }: Pick<QuarantineReport, "mode" | "onConflict"> & { readonly options: CallOptions },
) {
  const request = { method: "POST", path: pathOf(entry, "/apply"), body: { mode, onConflict } } as const;
  const report = (await requestJson(node, request, options)) as QuarantineReport;
  const verb = mode === "check" ? "checked" : "applied";
  return {
    said: `${verb} ${entry.manifest.id}: ${report.applied} without conflict, ${report.conflicts} in conflict`,
    show: (now: ViewContext) => {
      forget(now);
      now.open({
        kind: "text",
        title: `${verb} ${entry.manifest.id}`,
        text: reportInWords(report),
        scroll: 0,
      });
    },
  };
}

/** Asks for the reason, then for the node's name typed. */
export function askToDiscard(entry: QuarantineEntry, context: ViewContext): void {
  const { id, node } = entry.manifest;
  const form = createForm([
    { id: "reason", label: "reason", hint: "why nobody needs them; it is kept with the entry" },
  ]);
  const submit = ({ reason = "" }: Readonly<Record<string, string>>, now: ViewContext): FormSubmission => {
    now.open({
      kind: "danger",
      title: `discard ${id}`,
      sentences: [
        isWholeCopy(entry.manifest)
          ? `${contentInWords(entry.manifest)} is marked as not needed any more. Its file stays on ${node}.`
          : `${contentInWords(entry.manifest)} are marked as not needed and can no longer be applied. Their files stay on ${node}.`,
        `Reason: ${reason}`,
      ],
      word: node,
      editor: textEditor(),
      request: {
        title: `discarding ${id}`,
        call: async (client, options) => {
          const request = { method: "POST", path: pathOf(entry, "/discard"), body: { reason } } as const;
          await requestJson(client, request, options);
          return { said: `${id} is discarded`, show: forget };
        },
      },
    });
    return { kind: "done" };
  };
  context.open({ kind: "form", title: `Discard ${id}`, form, submit });
}
