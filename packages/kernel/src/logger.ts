/** The part of pino that packages use; an object with a stable `event` name comes first, one sentence second. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** False where lines of that level go nowhere just now, so that none need be made. A logger that can't tell does not have it. */
  isLevelEnabled?(level: "debug"): boolean;
}

const ignore = (): void => undefined;

/** Says nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
