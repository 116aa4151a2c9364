import type { Random } from "@understudy/kernel";
import { columnKind, same, tagged, wholeNumber, type ColumnKind, type Sample } from "./column-kind.ts";

/** DATE, YEAR, and TIME, DATETIME and TIMESTAMP with 0, 3 and 6 digits of a second, each with its extremes. */
export function temporalKinds(): ColumnKind[] {
  return [
    columnKind({
      name: "t_date",
      sqlType: "DATE",
      extremes: ["1000-01-01", "9999-12-31", "1970-01-01", "2024-02-29"].map((text) =>
        tagged("datetime", text),
      ),
      any: (random) => tagged("datetime", dateOf(wholeNumber(-30_000, 2_900_000, random) * 86_400_000)),
    }),
    columnKind({
      name: "t_year",
      sqlType: "YEAR",
      extremes: [1901, 2155, 0].map(same),
      any: (random) => same(wholeNumber(1901, 2155, random)),
    }),
    ...[0, 3, 6].flatMap((fraction) => [timeKind(fraction), datetimeKind(fraction), timestampKind(fraction)]),
  ];
}

function timeKind(fraction: number): ColumnKind {
  return columnKind({
    name: `t_time_${fraction}`,
    sqlType: `TIME(${fraction})`,
    type: "TIME",
    extremes: ["-838:59:59", "838:59:59", "00:00:00", "-00:00:01"].map((text) =>
      same(text + digitsOf(0, fraction)),
    ),
    any: (random) => {
      const hours = String(wholeNumber(0, 837, random)).padStart(2, "0");
      const clock = `${random() < 0.5 ? "-" : ""}${hours}:${sixty(random)}:${sixty(random)}`;
      return same(clock + anyFraction(fraction, random));
    },
  });
}

function datetimeKind(fraction: number): ColumnKind {
  return columnKind({
    name: `t_datetime_${fraction}`,
    sqlType: `DATETIME(${fraction})`,
    type: "DATETIME",
    extremes: [
      at(`1000-01-01 00:00:00${digitsOf(0, fraction)}`),
      at(`9999-12-31 23:59:59${digitsOf(999_999, fraction)}`),
      at(`1969-12-31 23:59:59${digitsOf(999_999, fraction)}`),
    ],
    any: (random) => {
      const day = dateOf(wholeNumber(-30_000, 2_900_000, random) * 86_400_000);
      const hour = String(wholeNumber(0, 23, random)).padStart(2, "0");
      return at(`${day} ${hour}:${sixty(random)}:${sixty(random)}${anyFraction(fraction, random)}`);
    },
  });
}

/** Its text depends on the session's time zone, so that sessions of these tests run in UTC. */
function timestampKind(fraction: number): ColumnKind {
  return columnKind({
    name: `t_timestamp_${fraction}`,
    sqlType: `TIMESTAMP(${fraction})`,
    type: "TIMESTAMP",
    extremes: [
      at(`1970-01-01 00:00:01${digitsOf(0, fraction)}`),
      at(`2038-01-19 03:14:07${digitsOf(fraction === 0 ? 0 : 499_000, fraction)}`),
      // between two and three o'clock on the day on which many clocks skip that hour
      at(`2026-03-29 02:30:00${digitsOf(123_456, fraction)}`),
    ],
    any: (random) => {
      const seconds = wholeNumber(1, 2 ** 31 - 2, random);
      const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
      return at(text + anyFraction(fraction, random));
    },
  });
}

function at(text: string): Sample {
  return tagged("datetime", text);
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function sixty(random: Random): string {
  return String(wholeNumber(0, 59, random)).padStart(2, "0");
}

/** The first digits of so many microseconds, with the point before them. */
function digitsOf(microseconds: number, fraction: number): string {
  return fraction === 0 ? "" : `.${String(microseconds).padStart(6, "0").slice(0, fraction)}`;
}

function anyFraction(fraction: number, random: Random): string {
  return digitsOf(wholeNumber(0, 999_999, random), fraction);
}
