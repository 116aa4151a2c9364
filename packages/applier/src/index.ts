export { isCreateTable } from "./create-select.ts";
export type { ApplierCommand, ApplierConnection, ApplierPacket } from "./applier-connection.ts";
export type { Applier, ApplierOptions, ApplierState, ApplyOptions, ApplyOutcome } from "./applier.ts";
export type { ApplyFailure } from "./apply-failure.ts";
export { openApplier } from "./open-applier.ts";
export { openReplaySession, type ReplaySession, type ReplaySessionOptions } from "./replay-session.ts";
export { isUnavailableError } from "./error-kinds.ts";
export { ServerError } from "@understudy/binlog";
