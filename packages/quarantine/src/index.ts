export {
  openQuarantine,
  type Page,
  type PageRequest,
  type Quarantine,
  type QuarantineOptions,
} from "./open-quarantine.ts";
export { saveErrant, type SavedErrant, type SaveErrantOptions } from "./save-errant.ts";
export { applyQuarantined, type ApplyQuarantinedOptions } from "./apply-quarantined.ts";
