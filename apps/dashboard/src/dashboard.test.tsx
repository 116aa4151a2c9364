import { VirtualClock } from "@understudy/kernel";
import { render } from "ink-testing-library";
import { afterEach, expect, test } from "vitest";
import { memberOf, RECORDED_AT_MS, RECORDED_EVENTS, recordedView } from "../test/recorded-cluster.ts";
import { Dashboard } from "./dashboard.tsx";
import { ColourContext } from "./toned-text.tsx";
import type { DashboardWorld } from "./use-cluster.ts";

const open: { unmount: () => void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.unmount();
});

/** A dashboard in a terminal of 100×20, over a cluster of twenty members and a clock turned by hand. */
async function openScene() {
  const clock = new VirtualClock(RECORDED_AT_MS);
  const members = Array.from({ length: 20 }, (_, index) => memberOf(`n${index}`));
  const scene = { trouble: null as string | null, asks: 0, isClosed: false, url: "http://a" };
  const world: DashboardWorld = {
    nodes: ["http://a"],
    clock,
    random: () => 0.5,
    openSource: () => ({
      ask: async () => {
        scene.asks += 1;
        if (scene.trouble !== null) throw new Error(scene.trouble);
        const snapshot = {
          url: scene.url,
          view: recordedView({ members }),
          events: RECORDED_EVENTS,
          isWhole: true,
        };
        return {
          snapshot: { ...snapshot, atMs: clock.monotonicMs() },
          trouble: "http://a refuses connections",
        };
      },
      [Symbol.asyncDispose]: async () => {
        scene.isClosed = true;
      },
    }),
  };
  const app = render(
    <ColourContext.Provider value={false}>
      <Dashboard world={world} />
    </ColourContext.Provider>,
  );
  open.push(app);
  const resize = async (columns: number, rows: number): Promise<void> => {
    Object.defineProperty(app.stdout, "columns", { value: columns, configurable: true });
    Object.defineProperty(app.stdout, "rows", { value: rows, configurable: true });
    app.stdout.emit("resize");
    await clock.advance(0);
  };
  const press = async (keys: string): Promise<void> => {
    app.stdin.write(keys);
    await clock.advance(50);
  };
  await clock.advance(0);
  await resize(100, 20);
  return { app, clock, scene, resize, press, text: () => app.lastFrame() ?? "" };
}

test("shows the first answer, asks every second, and lets ages grow while nobody answers", async () => {
  const { clock, scene, text } = await openScene();
  expect(text()).toContain("● healthy");
  await clock.advance(3_000);
  expect(scene.asks).toBe(4);
  scene.trouble = "http://a refuses connections";
  await clock.advance(8_000);
  expect(text()).toContain("× unreachable");
  expect(text()).toMatch(
    /What is shown is [78]\.\d s old\. No node answers, trying again: http:\/\/a refuses/,
  );
  scene.trouble = null;
  await clock.advance(20_000);
  expect(text()).toContain("as of now");
  expect(text()).not.toContain("No node answers");
});

test("says when it has moved to another node", async () => {
  const { clock, scene, text } = await openScene();
  scene.url = "http://b";
  await clock.advance(1_000);
  expect(text()).toContain("moved to http://b, since http://a refuses connections");
});

test("keys scroll, also when several arrive at once", async () => {
  const { press, text } = await openScene();
  expect(text()).toContain("node 1–11 of 20");
  await press("jj");
  await press("\u001B[B");
  expect(text()).toContain("node 4–14 of 20");
  await press("k");
  await press("\u001B[A");
  expect(text()).toContain("node 2–12 of 20");
});

test("r asks at once", async () => {
  const { press, scene } = await openScene();
  await press("r");
  expect(scene.asks).toBe(2);
});

test("? opens the help and closes it", async () => {
  const { press, text } = await openScene();
  await press("?");
  expect(text()).toMatch(/^keys/);
  await press("?");
  expect(text()).toContain("● healthy");
});

test("a resized terminal is used as it is, and a small one says so", async () => {
  const { resize, text } = await openScene();
  await resize(60, 16);
  expect(text()).toContain("node 1–7 of 20");
  await resize(50, 10);
  expect(text()).toContain("Too small: 50×10");
});

for (const [name, key] of [
  ["q", "q"],
  ["Ctrl-C", "\u0003"],
] as const) {
  test(`${name} leaves and stops asking`, async () => {
    const { press, scene, clock } = await openScene();
    await press(key);
    expect(scene.isClosed).toBe(true);
    const { asks } = scene;
    await clock.advance(10_000);
    expect(scene.asks).toBe(asks);
  });
}
