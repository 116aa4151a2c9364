export type { ApplierCommand, ApplierConnection, ApplierPacket } from "./applier-connection.ts";
export type { Applier, ApplierOptions, ApplierState, ApplyOptions, ApplyOutcome } from "./applier.ts";
export { openApplier } from "./open-applier.ts";
