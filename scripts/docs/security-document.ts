import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RIGHTS, ROUTE_ACCESS, type RouteAccess } from "../../packages/node/src/index.ts";

const ROOT = join(import.meta.dirname, "../..");

/**
 * The text of `docs/security.md`: as it is, with its tables of rights made anew. Throws where it has lost the marks of a
 * table.
 */
export async function securityDocument(): Promise<string> {
  const text = await readFile(join(ROOT, "docs/security.md"), "utf8");
  return [
    ["rights", rightsTable()],
    ["routes", routesTable()],
  ].reduce((document, [name = "", table = ""]) => withTable(document, name, table), text);
}

function withTable(document: string, name: string, table: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const [before, rest] = document.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined)
    throw new Error(`docs/security.md has no ${begin} … ${end}`);
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}

function rightsTable(): string {
  const rows = Object.entries(RIGHTS).map(([right, meaning]) => `| \`${right}\` | ${meaning} |`);
  return ["| right | what for |", "|---|---|", ...rows].join("\n");
}

function routesTable(): string {
  const rows = Object.entries(ROUTE_ACCESS).map(([route, access]) => rowOf(route, access));
  return ["| route | right | bound | |", "|---|---|---|---|", ...rows].join("\n");
}

const BOUND: Readonly<Record<RouteAccess["bound"], string>> = { own: "own", same: "same", none: "nothing" };

function rowOf(route: string, { rights, bound, isAudited = false, note = "" }: RouteAccess): string {
  const names = rights === "open" ? "*open*" : rights.map((right) => `\`${right}\``).join(" or ");
  const told = rights === "open" ? "" : BOUND[bound];
  const notes = [...(isAudited ? ["*logged*"] : []), ...(note === "" ? [] : [note])].join("; ");
  return `| \`${route.replaceAll(/:(\w+)/g, "{$1}")}\` | ${names} | ${told} | ${notes} |`;
}
