import { messageOf, systemClock, systemRandom } from "@understudy/kernel";
import { render } from "ink";
import type { DashboardWorld, Source, StartFacts } from "../live/dashboard-world.ts";
import type { SettingsStore } from "../settings/settings-store.ts";
import type { ThemeName } from "../theme/theme.ts";
import { Dashboard } from "./dashboard.tsx";
import { FailureBoundary } from "./failure-boundary.tsx";

/** Ends that are no one's failure: 128 and the signal's number, as shells have it. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** A defect of ours (sysexits' EX_SOFTWARE). */
const EXIT_DEFECT = 70;
/** What is heard changes the screen ten times a second at most; a key that comes right after that must not wait for long. */
const FRAMES_PER_SECOND = 100;

/** Options of {@link showLive}. */
export interface LiveOptions {
  readonly nodes: readonly string[];
  readonly openSource: () => Source;
  readonly settings: SettingsStore;
  readonly isReadOnly: boolean;
  readonly theme: ThemeName;
  readonly facts: StartFacts;
  /** True with `NO_COLOR`. */
  readonly isColourless: boolean;
}

/** Shows the dashboard until it is left; resolves with the exit code. The terminal is as before on every way out. */
export async function showLive(options: LiveOptions): Promise<number> {
  const world: DashboardWorld = {
    ...options,
    clock: systemClock,
    random: systemRandom,
    startView: options.settings.read().startView,
  };
  let failure: string | null = null;
  let code: number = 0;
  const fail = (sentence: string): void => {
    failure ??= sentence;
    app.unmount();
  };
  const app = render(
    <FailureBoundary onFailure={fail}>
      <Dashboard world={world} />
    </FailureBoundary>,
    {
      alternateScreen: true,
      exitOnCtrlC: false,
      interactive: true,
      incrementalRendering: true,
      maxFps: FRAMES_PER_SECOND,
    },
  );
  const onDefect = (error: unknown): void => fail(`The dashboard failed: ${messageOf(error)}`);
  const leaveWith = (signal: keyof typeof SIGNAL_CODES) => (): void => {
    code = SIGNAL_CODES[signal];
    app.unmount();
  };
  const listeners = [
    ["uncaughtException", onDefect],
    ["unhandledRejection", onDefect],
    ["SIGINT", leaveWith("SIGINT")],
    ["SIGTERM", leaveWith("SIGTERM")],
    ["SIGHUP", leaveWith("SIGHUP")],
  ] as const;
  for (const [event, listener] of listeners) process.on(event, listener);
  // The terminal may be gone without a word (SIGHUP): what is written then goes nowhere.
  for (const event of ["error", "end", "close"] as const) process.stdin.on(event, leaveWith("SIGHUP"));
  await app.waitUntilExit();
  for (const [event, listener] of listeners) process.off(event, listener);
  if (failure === null) return code;
  process.stderr.write(`${String(failure)}\n`);
  return EXIT_DEFECT;
}
