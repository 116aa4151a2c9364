import type { Flavour } from "@understudy/protocol";
/** True for the text of one transaction's GTID: `uuid:7`, `uuid:tag:7`, `0-1-7`. */
export function isValidGtid(_flavour: Flavour, _text: string): boolean {
  throw new Error("coming");
}
