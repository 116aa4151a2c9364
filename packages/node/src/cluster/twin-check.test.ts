import { EventHistory } from "@understudy/health-monitor";
import { VirtualClock } from "@understudy/kernel";
import { UNTOLD_WIRE, UnderstudyError, type RegisterRequest } from "@understudy/protocol";
import { expect, test } from "vitest";
import { TwinCheck, type KnownMember } from "./twin-check.ts";

const OLD = "http://127.0.0.1:1";
const NEW = "http://127.0.0.1:2";

function requestOf(instance: string | undefined, url = NEW): RegisterRequest {
  return {
    nodeId: "node2",
    clusterId: "c1",
    url,
    flavour: "mariadb",
    serverId: 2,
    serverVersion: "11",
    version: "1",
    epoch: "1",
    gtid: "",
    history: "",
    dataEpoch: "1",
    empty: false,
    torn: false,
    wantsRebuild: false,
    wire: UNTOLD_WIRE,
    ...(instance === undefined ? {} : { instance }),
  };
}

/** A member, and who answers where it is known to be; null for nobody. */
function memberAt(url: string, answers: { nodeId: string; instance?: string } | null) {
  const scene = { pings: 0, answers };
  const known: KnownMember = {
    url,
    client: {
      ping: async () => {
        scene.pings += 1;
        if (!scene.answers) throw new UnderstudyError("node-unreachable", "refused");
        const common = { status: "ok", clusterId: "c1", role: "slave", epoch: "1", position: "1:" } as const;
        return { ...common, uptimeSeconds: 1, version: "1", ...scene.answers };
      },
    },
  };
  return { scene, known };
}

function openCheck() {
  const events = new EventHistory({ nodeId: "node1", clock: new VirtualClock(0) });
  const told = (): string[] => events.list({ after: 0, limit: 10 }).events.map(({ message }) => message);
  return { check: new TwinCheck(events), told };
}

test("has asked the members before where it is told to, and asks again where that was another one", async () => {
  const { check } = openCheck();
  const { known, scene } = memberAt(OLD, { nodeId: "node2", instance: "a" });
  check.askAll([{ ...known, nodeId: "node2" }]);
  await check.check(requestOf("a", OLD), known);
  expect(scene.pings).toBe(1);
  scene.answers = { nodeId: "node2", instance: "b" };
  check.askAll([{ ...known, nodeId: "node2" }]);
  scene.answers = { nodeId: "node2", instance: "c" };
  await check.check(requestOf("c", OLD), known);
  expect(scene.pings).toBe(3);
  check.askAll([{ ...known, nodeId: "node2" }]);
  await expect(check.check(requestOf("d", OLD), known)).rejects.toMatchObject({ code: "node-id-taken" });
});

test("refuses a node while another of its id answers, and tells it once", async () => {
  const { check, told } = openCheck();
  const { known, scene } = memberAt(OLD, { nodeId: "node2", instance: "a" });
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(check.check(requestOf("b"), known)).rejects.toMatchObject({
      code: "node-id-taken",
      message: expect.stringContaining(OLD),
    });
  }
  expect(told()).toEqual([expect.stringMatching(/node2 at http:\/\/127\.0\.0\.1:2 may not join/)]);
  scene.answers = null;
  await check.check(requestOf("b"), known);
});

test("refuses one whose own address leads to another of its id", async () => {
  const { check } = openCheck();
  const { known } = memberAt(NEW, { nodeId: "node2", instance: "a" });
  await expect(check.check(requestOf("b"), known)).rejects.toMatchObject({ code: "node-id-taken" });
});

test.each([
  ["nobody answers there", null],
  ["it is itself that answers there", { nodeId: "node2", instance: "b" }],
  ["another node has the old address by now", { nodeId: "node3", instance: "c" }],
  ["what answers is of an older release", { nodeId: "node2" }],
])("lets a node in at another address where %s", async (_name, answers) => {
  const { check, told } = openCheck();
  await check.check(requestOf("b"), memberAt(OLD, answers).known);
  expect(told()).toEqual([]);
});

test("asks nobody of a newcomer, of an older release, and again of one that is known to be alone", async () => {
  const { check } = openCheck();
  await check.check(requestOf("b"), null);
  const { known, scene } = memberAt(NEW, { nodeId: "node2", instance: "b" });
  await check.check(requestOf(undefined), known);
  expect(scene.pings).toBe(0);
  await check.check(requestOf("b"), known);
  await check.check(requestOf("b"), known);
  expect(scene.pings).toBe(1);
});
