import { readFileSync } from "node:fs";
import { messageOf, toError } from "@understudy/kernel";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";

/** What a configuration file says. */
export interface ConfigFile {
  readonly path: string;
  /** By the names of the settings, as the file has them (`bodyLimitBytes`). */
  readonly values: ReadonlyMap<string, unknown>;
  /** Where each stands: `node.yaml:3`. */
  readonly places: ReadonlyMap<string, string>;
  /** One sentence each, with its place; empty where the file is well-formed. */
  readonly problems: readonly string[];
}

const FILE_BYTES_MAX = 1024 * 1024;
const ALIASES_MAX = 100;

/** Reads a YAML (or JSON) file of settings. Never throws: a file that can't be read is one problem. */
export function readConfigFile(path: string): ConfigFile {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > FILE_BYTES_MAX) return nothingOf(path, [`${path} is larger than 1 MiB`]);
    return parseConfigFile(path, text);
  } catch (error) {
    return nothingOf(path, [`the configuration file ${path} can't be read: ${messageOf(error)}`]);
  }
}

/** As {@link readConfigFile}, of a text. */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const placeOf = (offset: number | undefined): string =>
    offset === undefined ? path : `${path}:${lines.linePos(offset).line}`;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return nothingOf(
      path,
      faults.map((fault) => `${placeOf(fault.pos[0])}: ${fault.message}`),
    );
  }
  if (document.contents === null) return nothingOf(path, []);
  if (!isMap(document.contents)) return nothingOf(path, [`${path}: it must hold "setting: value" lines`]);
  const all = plain(document);
  if (all instanceof Error) return nothingOf(path, [`${path}: ${all.message}`]);
  const values = new Map<string, unknown>();
  const places = new Map<string, string>();
  const problems: string[] = [];
  for (const { key } of document.contents.items) {
    const place = placeOf(isScalar(key) ? key.range?.[0] : undefined);
    if (!isScalar(key) || typeof key.value !== "string") {
      problems.push(`${place}: the name of a setting must be a word`);
      continue;
    }
    values.set(key.value, all.get(key.value));
    places.set(key.value, place);
  }
  return { path, values, places, problems };
}

/** The document's map, or why it is none: an alias of nothing, or one that would grow without end. */
function plain(document: ReturnType<typeof parseDocument>): ReadonlyMap<unknown, unknown> | Error {
  try {
    const all: unknown = document.toJS({ mapAsMap: true, maxAliasCount: ALIASES_MAX });
    return all instanceof Map ? all : new Error("it holds no settings");
  } catch (error) {
    return toError(error);
  }
}

function nothingOf(path: string, problems: readonly string[]): ConfigFile {
  return { path, values: new Map(), places: new Map(), problems };
}
