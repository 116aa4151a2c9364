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
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    value = null;
  }
  if (!Array.isArray(value) || !value.every(isViewRecord)) throw torn("its views can't be read");
  return value;
}

function isViewRecord(value: unknown): value is ViewRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const names = ["schema", "name", "create", "characterSet", "collation"];
  return names.every((name) => typeof fields[name] === "string");
}
