export {
  openQuarantine,
  type Page,
  type PageRequest,
  type Quarantine,
  type QuarantineOptions,
} from "./open-quarantine.ts";
export { saveErrant, type SavedErrant, type SaveErrantOptions } from "./save-errant.ts";
export { applyQuarantined, type ApplyQuarantinedOptions } from "./apply-quarantined.ts";
export {
  saveWholeCopy,
  type SavedWholeCopy,
  type SaveWholeCopyOptions,
  type WholeCopy,
} from "./save-whole-copy.ts";
export { noteDataReplaced } from "./incarnation.ts";
