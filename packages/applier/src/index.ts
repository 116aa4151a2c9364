export type { ApplierCommand, ApplierConnection, ApplierPacket } from "./applier-connection.ts";
export {
  openApplier,
  type Applier,
  type ApplierOptions,
  type ApplierState,
  type ApplyOptions,
  type ApplyOutcome,
} from "./applier.ts";
