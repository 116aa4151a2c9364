import { VirtualClock } from "@understudy/kernel";
import { render } from "ink-testing-library";
import { Dashboard } from "../src/app/dashboard.tsx";
import { ClusterSource } from "../src/live/cluster-source.ts";
import type { DashboardWorld, Source } from "../src/live/dashboard-world.ts";
import type { Snapshot } from "../src/state/cluster-state.ts";
import { memorySettings } from "../src/settings/settings-store.ts";
import { RECORDED_AT_MS, RECORDED_EVENTS, recordedView } from "./recorded-cluster.ts";

/** What may be told a scene. */
export interface SceneOptions {
  /** Default: the recorded cluster. Its answers are taken at each round. */
  readonly answer?: () => Partial<Omit<Snapshot, "atMs">>;
  readonly startView?: string;
  readonly isReadOnly?: boolean;
  readonly isColourless?: boolean;
  /** URL of a node that calls go to and rounds ask, see `openRecordedNode`; left out: answers come from `answer`. */
  readonly node?: string;
}

/** A dashboard in a terminal of 100×20, over a clock turned by hand. */
export async function openScene(options: SceneOptions = {}) {
  const clock = new VirtualClock(RECORDED_AT_MS);
  const scene = { trouble: null as string | null, asks: 0, isClosed: false, url: "http://a" };
  const recorded = (): Source => ({
    ask: async () => {
      scene.asks += 1;
      if (scene.trouble !== null) throw new Error(scene.trouble);
      const snapshot = { url: scene.url, view: recordedView(), events: RECORDED_EVENTS, isWhole: true };
      return {
        snapshot: { ...snapshot, ...options.answer?.(), atMs: clock.monotonicMs() },
        trouble: "http://a refuses connections",
      };
    },
    [Symbol.asyncDispose]: async () => {
      scene.isClosed = true;
    },
  });
  const { node } = options;
  const settings = memorySettings();
  const world: DashboardWorld = {
    nodes: [node ?? "http://a"],
    clock,
    random: () => 0.5,
    openSource: () =>
      node === undefined
        ? recorded()
        : new ClusterSource({ nodes: [node], monotonicMs: () => clock.monotonicMs() }),
    settings,
    isReadOnly: options.isReadOnly ?? false,
    facts: { version: "0.1.0", tokenFile: null, caFile: null },
    theme: "none",
    isColourless: options.isColourless ?? false,
    startView: options.startView ?? "overview",
  };
  const app = render(<Dashboard world={world} />);
  const resize = async (columns: number, rows: number): Promise<void> => {
    Object.defineProperty(app.stdout, "columns", { value: columns, configurable: true });
    Object.defineProperty(app.stdout, "rows", { value: rows, configurable: true });
    app.stdout.emit("resize");
    await clock.advance(0);
  };
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) {
      app.stdin.write(key);
      await clock.advance(50);
    }
  };
  await clock.advance(0);
  await resize(100, 20);
  return { app, clock, scene, settings, resize, press, text: () => app.lastFrame() ?? "" };
}

/** How terminals send keys that are no text. */
export const KEYS = {
  enter: "\r",
  // As terminals with the kitty protocol send it: a bare one waits for what may follow.
  esc: "\u001B[27u",
  tab: "\t",
  up: "\u001B[A",
  down: "\u001B[B",
  left: "\u001B[D",
  ctrlC: "\u0003",
} as const;
