import { createNodeClient, type CallOptions, type NodeClient } from "@understudy/client";
import { UnderstudyError } from "@understudy/protocol";
import { afterEach, expect, test } from "vitest";
import { contextOf } from "../../test/recorded-context.ts";
import { openRecordedNode } from "../../test/recorded-cluster.ts";
import type { UiAction } from "../state/ui-state.ts";
import { ActionRunner, type RunOutcome } from "./action-runner.ts";
import { requestJson } from "./node-request.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

/** A runner whose calls go to `url`, with all that it has told. */
function runnerAt(url: string | null) {
  const told: UiAction[] = [];
  const client = (at: string): NodeClient => {
    const node = createNodeClient({ url: at });
    open.push(node);
    return node;
  };
  const node = url === null ? null : client(url);
  const runner = new ActionRunner({
    node: () => node,
    openNode: client,
    dispatch: (action) => void told.push(action),
    context: () => contextOf({}),
    monotonicMs: () => 5,
  });
  /** Resolves with the failure's sentence, or null for a success. */
  const run = (call: (at: NodeClient, options: CallOptions) => Promise<RunOutcome>, at?: string) =>
    new Promise<string | null>((resolve) => {
      runner.run(
        {
          title: "trying",
          ...(at === undefined ? {} : { at }),
          call: async (asked, options) => {
            const outcome = await call(asked, options);
            return { ...outcome, show: () => resolve(null) };
          },
        },
        resolve,
      );
    });
  return { runner, run, told };
}

const GET_CLUSTER = async (node: NodeClient, options: CallOptions): Promise<RunOutcome> => {
  await requestJson(node, { method: "GET", path: "/cluster" }, options);
  return { said: `asked ${node.url}` };
};

test("a call begins with its title and ends with what it said", async () => {
  const node = await openRecordedNode();
  open.push(node);
  const { run, told } = runnerAt(node.url);
  expect(await run(GET_CLUSTER)).toBeNull();
  expect(told).toEqual([
    { kind: "run-started", run: { id: 1, title: "trying", startedAtMs: 5 } },
    { kind: "run-ended", id: 1, notice: { text: `✓ asked ${node.url}`, tone: "good" } },
  ]);
});

test("a refusal is told in the node's own words, with its code", async () => {
  const node = await openRecordedNode();
  open.push(node);
  node.answers.set("GET /cluster", {
    status: 409,
    body: { code: "promotion-blocked", detail: "node-b is behind" },
  });
  const { run, told } = runnerAt(node.url);
  expect(await run(GET_CLUSTER)).toBe("promotion-blocked: node-b is behind");
  expect(told.at(-1)).toMatchObject({
    kind: "run-ended",
    notice: { text: "! trying: promotion-blocked: node-b is behind", tone: "bad" },
  });
});

test("a call for another node goes there, and nowhere else", async () => {
  const [attached, master] = [await openRecordedNode(), await openRecordedNode()];
  open.push(attached, master);
  const { run, told } = runnerAt(attached.url);
  expect(await run(GET_CLUSTER, master.url)).toBeNull();
  expect([attached.asked, master.asked]).toEqual([[], ["/cluster"]]);
  expect(told.at(-1)).toMatchObject({ notice: { text: `✓ asked ${master.url}` } });
});

test("before a node has answered nothing is sent", async () => {
  const { run } = runnerAt(null);
  expect(await run(GET_CLUSTER)).toBe("no node answers yet");
});

test("cancelling ends what is under way, and says that it may still happen", async () => {
  const node = await openRecordedNode();
  open.push(node);
  const { runner, run } = runnerAt(node.url);
  const begun = Promise.withResolvers<null>();
  const ended = run((_, { signal }) => {
    begun.resolve(null);
    return new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  });
  await begun.promise;
  runner.cancel();
  expect(await ended).toBe("cancelled; what was sent may still happen");
});

test("the seventeenth call at once is refused, and there is room again after one ends", async () => {
  const node = await openRecordedNode();
  open.push(node);
  const { runner, run } = runnerAt(node.url);
  const endings = Array.from({ length: 16 }, () => {
    const gate = Promise.withResolvers<RunOutcome>();
    return { gate, ended: run(() => gate.promise) };
  });
  expect(await run(GET_CLUSTER)).toBe("16 calls are under way already");
  endings[0]?.gate.reject(new UnderstudyError("timeout", "enough"));
  expect(await endings[0]?.ended).toBe("timeout: enough");
  expect(await run(GET_CLUSTER)).toBeNull();
  for (const { gate } of endings) gate.resolve({ said: "done" });
  runner.cancel();
});
