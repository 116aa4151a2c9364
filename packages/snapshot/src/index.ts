export type { SnapshotEndpoint } from "./database-endpoint.ts";
export { openSnapshot, type OpenSnapshotOptions, type Snapshot } from "./open-snapshot.ts";
export {
  restoreSnapshot,
  type AdmitSnapshot,
  type RestoredSnapshot,
  type RestoreSnapshotOptions,
} from "./restore-snapshot.ts";
export { isMarked, isTornSnapshot } from "./restoring-mark.ts";
export type { SnapshotHeader, SnapshotOrigin } from "./snapshot-header.ts";
export type { SnapshotProgress } from "./snapshot-progress.ts";
export type { SnapshotPrograms } from "./snapshot-programs.ts";
export { askFlavour } from "./server-flavour.ts";
export { listCopiedSchemas } from "./server-schemas.ts";
export { verifySnapshot, type VerifiedSnapshot, type VerifySnapshotOptions } from "./verify-snapshot.ts";
