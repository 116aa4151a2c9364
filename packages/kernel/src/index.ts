export { isAbortOf, orAbort, anySignal } from "./abort.ts";
export { BackgroundLoop } from "./background-loop.ts";
export { backoffMs, type BackoffOptions } from "./backoff.ts";
export { ChangeSignal } from "./change-signal.ts";
export { systemClock, type Clock } from "./clock.ts";
export {
  CodedError,
  invariant,
  isCodedError,
  messageOf,
  toError,
  type CodedErrorOptions,
} from "./coded-error.ts";
export { isObject, isRecord, parseJson } from "./json.ts";
export { silentLogger, type Logger } from "./logger.ts";
export { randomToken, seededRandom, systemRandom, type Random } from "./random.ts";
export { retry, type RetryOptions } from "./retry.ts";
export { sleepOrWake, type SleepOrWakeOptions } from "./sleep-or-wake.ts";
export { TaskQueue } from "./task-queue.ts";
export { VirtualClock } from "./virtual-clock.ts";
export { DeadlinePassed, withDeadline, type DeadlineOptions } from "./with-deadline.ts";
