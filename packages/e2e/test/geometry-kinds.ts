import type { Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { bytes, columnKind, type ColumnKind, type Sample } from "./column-kind.ts";

const CODES = { point: 1, linestring: 2, polygon: 3, multipoint: 4, geometrycollection: 7 } as const;

type Coordinates = readonly (readonly [x: number, y: number])[];

/** Geometry columns. Their values are given and got in the servers' own form: SRID, then well-known binary. */
export function geometryKinds(flavour: Flavour): ColumnKind[] {
  const shapes: readonly (readonly [name: string, make: (random: Random) => Buffer])[] = [
    ["point", anyPoint],
    ["linestring", (random) => line([coordinate(random), coordinate(random), coordinate(random)])],
    [
      "polygon",
      () =>
        polygon([
          [0, 0],
          [10, 0],
          [10, 10],
          [0, 0],
        ]),
    ],
    ["multipoint", (random) => collection(CODES.multipoint, [anyPoint(random), anyPoint(random)])],
    ["geometrycollection", (random) => collection(CODES.geometrycollection, [anyPoint(random)])],
  ];
  return [
    ...shapes.map(([name, make]) => geometryKind(flavour, name, make)),
    geometryKind(flavour, "geometry", (random) => line([coordinate(random), coordinate(random)])),
  ];
}

function geometryKind(flavour: Flavour, name: string, make: (random: Random) => Buffer): ColumnKind {
  return columnKind({
    name: `s_${name}`,
    sqlType: name.toUpperCase(),
    // MySQL names one type for all of them
    type: flavour === "mysql" ? "GEOMETRY" : name.toUpperCase(),
    extremes: [stored(make(() => 0)), stored(make(() => 0.999))],
    any: (random) => stored(make(random)),
  });
}

function stored(wellKnownBinary: Buffer): Sample {
  return bytes(Buffer.concat([Buffer.alloc(4), wellKnownBinary]));
}

function coordinate(random: Random): readonly [number, number] {
  return [(random() - 0.5) * 1e6, (random() - 0.5) * 1e-6];
}

function anyPoint(random: Random): Buffer {
  return Buffer.concat([head(CODES.point), numbers([coordinate(random)])]);
}

function line(coordinates: Coordinates): Buffer {
  return Buffer.concat([head(CODES.linestring), count(coordinates.length), numbers(coordinates)]);
}

function polygon(ring: Coordinates): Buffer {
  return Buffer.concat([head(CODES.polygon), count(1), count(ring.length), numbers(ring)]);
}

function collection(code: number, parts: readonly Buffer[]): Buffer {
  return Buffer.concat([head(code), count(parts.length), ...parts]);
}

/** Little-endian mark and type. */
function head(code: number): Buffer {
  return Buffer.concat([Buffer.from([1]), count(code)]);
}

function count(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function numbers(coordinates: Coordinates): Buffer {
  return Buffer.from(Float64Array.from(coordinates.flat()).buffer);
}
