export type { SnapshotEndpoint } from "./database-endpoint.ts";
export { openSnapshot, type OpenSnapshotOptions, type Snapshot } from "./open-snapshot.ts";
export { restoreSnapshot, type RestoredSnapshot, type RestoreSnapshotOptions } from "./restore-snapshot.ts";
export { isTornSnapshot } from "./restoring-mark.ts";
export type { SnapshotProgress } from "./snapshot-progress.ts";
export type { SnapshotPrograms } from "./snapshot-programs.ts";
