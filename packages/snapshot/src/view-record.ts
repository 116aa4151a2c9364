import { isObject, parseJson } from "@understudy/kernel";
import { torn } from "./snapshot-frame.ts";

/** A view as the statement that makes it again. */
export interface ViewRecord {
  readonly schema: string;
  readonly name: string;
  /** With every name qualified. */
  readonly create: string;
  readonly characterSet: string;
  readonly collation: string;
}

/** The payload of the views' frame. */
export function formatViews(views: readonly ViewRecord[]): Buffer {
  return Buffer.from(JSON.stringify(views));
}

/** Reads the views' frame. Throws `snapshot-failed` for nonsense. */
export function parseViews(payload: Buffer): readonly ViewRecord[] {
  const value = parseJson(payload.toString("utf8"));
  if (!Array.isArray(value) || !value.every(isViewRecord)) throw torn("its views can't be read");
  return value;
}

function isViewRecord(value: unknown): value is ViewRecord {
  if (!isObject(value)) return false;
  const names = ["schema", "name", "create", "characterSet", "collation"];
  return names.every((name) => typeof value[name] === "string");
}
