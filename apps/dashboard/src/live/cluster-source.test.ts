import { afterEach, expect, test } from "vitest";
import { memberOf, openRecordedNode, recordedView, RECORDED_EVENTS } from "../../test/recorded-cluster.ts";
import { ClusterSource } from "./cluster-source.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

function opened<T extends AsyncDisposable>(one: T): T {
  open.push(one);
  return one;
}

const sourceOf = (...nodes: string[]): ClusterSource =>
  opened(new ClusterSource({ nodes, monotonicMs: () => 77 }));
const signal = new AbortController().signal;

test("asks the nodes in turn until one answers, and stays with it", async () => {
  const [gone, node] = [await openRecordedNode(), opened(await openRecordedNode())];
  await gone[Symbol.asyncDispose]();
  const source = sourceOf(gone.url, node.url);
  const first = await source.ask(signal);
  expect(first.snapshot).toMatchObject({ url: node.url, atMs: 77, isWhole: true, events: RECORDED_EVENTS });
  const second = await source.ask(signal);
  expect(second).toMatchObject({ trouble: null, snapshot: { url: node.url, events: [], isWhole: false } });
  expect(node.asked).toEqual([
    "/cluster",
    "/cluster/events?after=0&limit=100",
    "/cluster",
    "/cluster/events?after=3&limit=100",
  ]);
});

test("moves on to a member that it learnt of when its node goes, and says why", async () => {
  const other = opened(await openRecordedNode());
  const node = await openRecordedNode(recordedView({ members: [memberOf("b", { url: other.url })] }));
  const source = sourceOf(node.url);
  await source.ask(signal);
  await node[Symbol.asyncDispose]();
  const { snapshot, trouble } = await source.ask(signal);
  expect(trouble).toBe(`${node.url} refuses connections`);
  expect(snapshot).toMatchObject({ url: other.url, isWhole: true, events: RECORDED_EVENTS });
});

test("says every node's reason when none answers", async () => {
  const [one, two] = [await openRecordedNode(), await openRecordedNode()];
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  await expect(sourceOf(one.url, two.url).ask(signal)).rejects.toMatchObject({
    code: "node-unreachable",
    message: `${one.url} refuses connections; ${two.url} refuses connections`,
  });
});

test("a node that started over tells its events as a whole", async () => {
  const node = opened(await openRecordedNode());
  const source = sourceOf(node.url);
  await source.ask(signal);
  const events = RECORDED_EVENTS.slice(0, 1);
  node.events = events;
  expect((await source.ask(signal)).snapshot).toMatchObject({ isWhole: true, events });
});

test("a cluster whose members can't be read is trouble, not a crash", async () => {
  const node = opened(await openRecordedNode({ ...recordedView(), members: [{}] } as never));
  await expect(sourceOf(node.url).ask(signal)).rejects.toMatchObject({
    message: `${node.url} answered a cluster that can't be read`,
  });
});

test("an abort ends the round with its reason", async () => {
  const node = opened(await openRecordedNode());
  const abort = new AbortController();
  abort.abort(new Error("enough"));
  await expect(sourceOf(node.url).ask(abort.signal)).rejects.toThrow("enough");
});

test("asks the node that a person chose first, and stays with it", async () => {
  const [node, other] = [opened(await openRecordedNode()), opened(await openRecordedNode())];
  const source = sourceOf(node.url, other.url);
  await source.ask(signal);
  source.attach(other.url);
  expect(await source.ask(signal)).toMatchObject({ trouble: null, snapshot: { url: other.url } });
  expect((await source.ask(signal)).snapshot.url).toBe(other.url);
});

test("a chosen node that does not answer leaves all as it was, with the reason", async () => {
  const [node, gone] = [opened(await openRecordedNode()), await openRecordedNode()];
  await gone[Symbol.asyncDispose]();
  const source = sourceOf(node.url);
  await source.ask(signal);
  source.attach(gone.url);
  const { snapshot, trouble } = await source.ask(signal);
  expect([snapshot.url, trouble]).toEqual([node.url, `${gone.url} refuses connections`]);
});

test("the token goes with every request, also with those that have no call of their own", async () => {
  const node = opened(await openRecordedNode());
  const source = opened(new ClusterSource({ nodes: [node.url], token: "abc", monotonicMs: () => 77 }));
  await source.ask(signal);
  expect(node.authorization).toBe("Bearer abc");
  await source.jobs(signal);
  expect([node.asked.at(-1), node.authorization]).toEqual(["/jobs", "Bearer abc"]);
  for await (const one of source.events(signal)) void one;
  expect([node.asked.at(-1), node.authorization]).toEqual(["/cluster/events?after=3", "Bearer abc"]);
});
