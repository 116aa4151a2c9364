import { BackgroundLoop, ChangeSignal, messageOf, type Clock, type Random } from "@understudy/kernel";
import { useCallback, useEffect, useReducer, useState, type Dispatch } from "react";
import type { ClusterSource } from "./cluster-source.ts";
import {
  INITIAL_STATE,
  reduceDashboard,
  type DashboardAction,
  type DashboardState,
} from "./dashboard-state.ts";
import { followCluster } from "./follow-cluster.ts";

/** What the dashboard needs of the world. */
export interface DashboardWorld {
  readonly nodes: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly openSource: () => Pick<ClusterSource, "ask"> & AsyncDisposable;
}

/** The dashboard's state. Follows the cluster for as long as the component lives; `refresh` asks at once. */
export function useCluster(world: DashboardWorld): {
  readonly state: DashboardState;
  readonly dispatch: Dispatch<DashboardAction>;
  readonly refresh: () => void;
} {
  const [state, dispatch] = useReducer(reduceDashboard, INITIAL_STATE);
  const [hurry] = useState(() => new ChangeSignal());
  useEffect(() => {
    const { clock, random } = world;
    const loop = new BackgroundLoop(
      async (signal) => {
        await using source = world.openSource();
        await followCluster({ source, clock, random, hurry, dispatch }, signal);
      },
      (error) =>
        dispatch({ kind: "unreachable", trouble: `the dashboard has a defect: ${messageOf(error)}` }),
    );
    return () => endInBackground(loop);
  }, [world, hurry]);
  const refresh = useCallback(() => hurry.notify(), [hurry]);
  return { state, dispatch, refresh };
}

/** The time on both clocks, renewed every second, so that ages grow while nothing else changes. */
export function useNow(clock: Clock): { readonly wallMs: number; readonly monotonicMs: number } {
  const [now, setNow] = useState(() => readClock(clock));
  useEffect(() => {
    const loop = new BackgroundLoop(
      async (signal) => {
        for (;;) {
          await clock.sleep(1_000, signal);
          setNow(readClock(clock));
        }
      },
      () => undefined,
    );
    return () => endInBackground(loop);
  }, [clock]);
  return now;
}

function readClock(clock: Clock): { wallMs: number; monotonicMs: number } {
  return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
}

/** React does not wait for a clean-up; a loop's disposal is bounded and does not reject. */
function endInBackground(loop: BackgroundLoop): void {
  loop[Symbol.asyncDispose]().catch(() => undefined);
}
