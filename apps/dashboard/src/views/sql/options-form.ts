import type { ViewContext } from "../../app/view-context.ts";
import { formOverlay } from "../../overlays/form-overlay.ts";
import type { Overlay } from "../../state/overlay.ts";
import { ACKS, CONSISTENCIES, PLACES, SQL, type SqlOptions } from "./sql-state.ts";

/** Rows that are held at most. */
const ROWS_MAX = 10_000;
const TIMEOUT_MS_MAX = 3_600_000;

/** How statements are run, to be changed. */
export function optionsForm(context: ViewContext): Overlay {
  const now = context.get(SQL).options;
  const choice = (
    id: "consistency" | "place" | "ack",
    label: string,
    [all, hint]: readonly [readonly string[], string],
  ) => ({
    id,
    label,
    choices: all,
    initial: now[id],
    hint: `← → · ${hint}`,
  });
  const number = (id: "maxLagMs" | "maxRows" | "timeoutMs", label: string, most: number) => ({
    id,
    label,
    initial: String(now[id]),
    hint: `1 to ${most}`,
    check: (text: string) =>
      /^\d{1,8}$/.test(text) && Number(text) >= 1 && Number(text) <= most ? null : `${label}: 1 to ${most}.`,
  });
  const fields = [
    {
      id: "database",
      label: "database",
      initial: now.database,
      isOptional: true,
      hint: "for names without one",
    },
    choice("consistency", "consistency", [
      CONSISTENCIES,
      "own writes: waits until the node has my last write",
    ]),
    number("maxLagMs", "bounded: ms", 86_400_000),
    choice("place", "queries run on", [PLACES, "on the master they are strong; changes always run there"]),
    ...(context.isReadOnly ? [] : [choice("ack", "ack", [ACKS, "how many slaves must have a change"])]),
    number("maxRows", "rows at most", ROWS_MAX),
    number("timeoutMs", "time limit, ms", TIMEOUT_MS_MAX),
  ];
  return formOverlay("How statements are run", fields, (values, later) => {
    later.update(SQL, (state) => ({ ...state, options: optionsOf(values, state.options) }));
    return { kind: "done" };
  });
}

function optionsOf(values: Readonly<Record<string, string>>, before: SqlOptions): SqlOptions {
  const one = <T extends string>(all: readonly T[], id: string, fallback: T): T =>
    all.find((name) => name === values[id]) ?? fallback;
  return {
    database: values["database"] ?? "",
    consistency: one(CONSISTENCIES, "consistency", before.consistency),
    maxLagMs: Number(values["maxLagMs"]),
    place: one(PLACES, "place", before.place),
    ack: one(ACKS, "ack", before.ack),
    maxRows: Number(values["maxRows"]),
    timeoutMs: Number(values["timeoutMs"]),
  };
}
