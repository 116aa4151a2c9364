import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { torn } from "./snapshot-frame.ts";

/** Version of what the frames hold. */
const FORMAT = 1;

/** What a copy says of itself before anything else. */
export interface SnapshotHeader {
  readonly flavour: Flavour;
  readonly serverVersion: string;
  /** Where the history ends that the copy holds, to the transaction. */
  readonly position: GtidPosition;
  /** MariaDB: the last transaction of each server in each domain, of which `position` is the newest. Empty on MySQL. */
  readonly binlogState: string;
  /** Estimate of the text's size. */
  readonly bytesTotal: number;
  readonly tablesTotal: number;
}

/** The payload of the first frame. */
export function formatHeader({ position, ...rest }: SnapshotHeader): Buffer {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...rest, position: position.toString() }));
}

/** Reads the first frame. Throws `version-mismatch` for a copy of another format, `server-unsuitable` for another flavour, `snapshot-failed` for nonsense. */
export function parseHeader(payload: Buffer, flavour: Flavour): SnapshotHeader {
  const fields = parseObject(payload);
  const { format } = fields;
  if (format !== FORMAT) {
    const behind = Number(format) > FORMAT ? "this node" : "the node that gives the copy";
    throw new UnderstudyError(
      "version-mismatch",
      `the copy is of format ${String(format)}, and this release of Understudy reads format ${FORMAT}: upgrade ${behind}`,
    );
  }
  if (fields["flavour"] !== flavour) {
    throw new UnderstudyError(
      "server-unsuitable",
      `the copy is of a ${String(fields["flavour"])} server, and this one is ${flavour}`,
    );
  }
  return {
    flavour,
    serverVersion: textOf(fields, "serverVersion"),
    position: parseGtidPosition(flavour, textOf(fields, "position")),
    binlogState: textOf(fields, "binlogState"),
    bytesTotal: numberOf(fields, "bytesTotal"),
    tablesTotal: numberOf(fields, "tablesTotal"),
  };
}

function parseObject(payload: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // told below
  }
  throw torn("its header can't be read");
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw torn(`its header has no ${name}`);
  return value;
}

function numberOf(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  if (typeof value !== "number") throw torn(`its header has no ${name}`);
  return value;
}
