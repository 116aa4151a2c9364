import { BackgroundLoop, messageOf, sleepOrWake, type ChangeSignal, type Clock } from "@understudy/kernel";
import { useEffect, useEffectEvent } from "react";
import type { ViewContext } from "../app/view-context.ts";
import type { View } from "../views/view.ts";
import { endInBackground } from "./use-dashboard.ts";

/** For views that name none: they change little. */
const RELOAD_MS = 60_000;

/** Loads `view` while it is shown: when it is entered, when someone asks, when another node is attached, and each `reloadMs`. */
export function useViewLoad(
  view: View,
  context: ViewContext,
  world: { readonly clock: Clock; readonly hurry: ChangeSignal },
): void {
  const { clock, hurry } = world;
  const url = context.state.cluster.snapshot?.url;
  const load = useEffectEvent(async (signal: AbortSignal): Promise<void> => {
    try {
      await view.load?.(context, signal);
    } catch (error) {
      signal.throwIfAborted();
      context.say(`! ${view.title}: ${messageOf(error)}`, "bad");
    }
  });
  const { id, reloadMs = RELOAD_MS } = view;
  const hasLoad = view.load !== undefined && url !== undefined;
  useEffect(() => {
    if (!hasLoad) return undefined;
    const loop = new BackgroundLoop(
      async (signal) => {
        for (;;) {
          const hurried = hurry.next();
          await load(signal);
          await sleepOrWake({ clock, ms: reloadMs, woken: hurried, signal });
        }
      },
      () => undefined,
    );
    return () => endInBackground(loop);
  }, [id, url, hasLoad, reloadMs, clock, hurry]);
}
