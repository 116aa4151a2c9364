import { isObject, parseJson } from "@understudy/kernel";
import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { torn } from "./snapshot-frame.ts";

/** Version of what the frames hold. A reader takes no notice of what it does not know in a header. */
const FORMAT = 1;

/** Of which cluster's history a copy is a part; kept with copies that outlive the cluster. */
export interface SnapshotOrigin {
  readonly clusterId: string;
  /** The epoch that the copy's end lies in. */
  readonly epoch: bigint;
  readonly nodeId: string;
  /** Release of Understudy. */
  readonly version: string;
  /** ISO time at which the copy began. */
  readonly takenAt: string;
}

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
  /** Null for a copy that only passes between two nodes. */
  readonly origin: SnapshotOrigin | null;
}

/** The payload of the first frame. */
export function formatHeader({ position, origin, ...rest }: SnapshotHeader): Buffer {
  const told = origin === null ? {} : { origin: { ...origin, epoch: origin.epoch.toString() } };
  return Buffer.from(JSON.stringify({ format: FORMAT, ...rest, ...told, position: position.toString() }));
}

/** As {@link readHeader}, and throws `server-unsuitable` for a copy of another flavour. */
export function parseHeader(payload: Buffer, flavour: Flavour): SnapshotHeader {
  const header = readHeader(payload);
  if (header.flavour === flavour) return header;
  throw new UnderstudyError(
    "server-unsuitable",
    `the copy is of a ${header.flavour} server, and this one is ${flavour}: it can only go into a ${header.flavour} server`,
  );
}

/** Reads the first frame. Throws `version-mismatch` for a copy of another format, `snapshot-failed` for nonsense. */
export function readHeader(payload: Buffer): SnapshotHeader {
  const fields = parseObject(payload);
  const { format } = fields;
  if (format !== FORMAT) {
    const behind = Number(format) > FORMAT ? "this node" : "the node that gives the copy";
    throw new UnderstudyError(
      "version-mismatch",
      `the copy is of format ${String(format)}, and this release of Understudy reads format ${FORMAT}: upgrade ${behind}`,
    );
  }
  const flavour = flavourOf(fields);
  return {
    flavour,
    serverVersion: textOf(fields, "serverVersion"),
    position: parseGtidPosition(flavour, textOf(fields, "position")),
    binlogState: textOf(fields, "binlogState"),
    bytesTotal: numberOf(fields, "bytesTotal"),
    tablesTotal: numberOf(fields, "tablesTotal"),
    origin: originOf(fields["origin"]),
  };
}

function flavourOf(fields: Fields): Flavour {
  const flavour = fields["flavour"];
  if (flavour === "mysql" || flavour === "mariadb") return flavour;
  throw torn("its header has no flavour");
}

function originOf(value: unknown): SnapshotOrigin | null {
  if (value === undefined) return null;
  if (!isObject(value)) throw torn("its header has no origin");
  const epoch = textOf(value, "epoch");
  if (!/^\d{1,19}$/.test(epoch)) throw torn("its header has no epoch");
  return {
    clusterId: textOf(value, "clusterId"),
    epoch: BigInt(epoch),
    nodeId: textOf(value, "nodeId"),
    version: textOf(value, "version"),
    takenAt: textOf(value, "takenAt"),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(payload: Buffer): Fields {
  const value = parseJson(payload.toString("utf8"));
  if (isObject(value)) return value;
  throw torn("its header can't be read");
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw torn(`its header has no ${name}`);
  return value;
}

function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number") throw torn(`its header has no ${name}`);
  return value;
}
