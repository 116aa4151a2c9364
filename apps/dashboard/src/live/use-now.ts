import { BackgroundLoop, type Clock } from "@understudy/kernel";
import { useEffect, useState } from "react";
import type { Now } from "../app/view-context.ts";
import { endInBackground } from "./use-dashboard.ts";

/** The time on both clocks, renewed every second, so that ages grow while nothing else changes. */
export function useNow(clock: Clock): Now {
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

function readClock(clock: Clock): Now {
  return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
}
