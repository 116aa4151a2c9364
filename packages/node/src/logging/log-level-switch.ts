import type { EventEmitter } from "node:events";

/** What can be switched: pino's logger. */
interface LeveledLogger {
  level: string;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const SIGNAL = "SIGUSR2";

/** From the next SIGUSR2 on the log is at `debug`, from the one after that as before, and so on. To be called once for a process. */
export function switchLogLevel(logger: LeveledLogger, signals: Pick<EventEmitter, "on">): void {
  const configured = logger.level;
  signals.on(SIGNAL, () => {
    const isBack = logger.level !== configured;
    logger.level = isBack ? configured : configured === "debug" ? "info" : "debug";
    logger.info(
      { event: "log-level-changed", logLevel: logger.level },
      `the log level is ${logger.level} now`,
    );
  });
}
