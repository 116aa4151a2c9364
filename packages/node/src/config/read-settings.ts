import { readFileSync } from "node:fs";
import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { Compile } from "typebox/compile";
import { BROKEN_RULE_VARIABLE } from "./broken-rule.ts";
import type { ConfigFile } from "./config-file.ts";
import { maskText } from "./mask.ts";
import { NodeSettings, SECRET_SETTINGS } from "./settings.ts";
import { CONFIG_FILE_NAME, environmentName, SETTING_PREFIX } from "./setting-name.ts";

/** An environment, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where settings come from. What the environment gives wins over the file. */
export interface SettingSources {
  readonly environment: Environment;
  readonly file?: ConfigFile | undefined;
}

/** The settings, and for each that was given where it comes from, in words. */
export interface ReadSettings {
  readonly settings: NodeSettings;
  readonly origins: ReadonlyMap<string, string>;
  /** The files from which secrets were read. */
  readonly secretPaths: ReadonlyMap<string, string>;
}

/** A value as one source has it. */
interface Given {
  readonly value: unknown;
  /** How a problem names it: `UNDERSTUDY_PORT`, or `node.yaml:3: port`. */
  readonly name: string;
  /** How a person is told where it comes from. */
  readonly origin: string;
  /** Of the file that holds a secret. */
  readonly secretPath?: string;
}

/** Settings given by a file: `UNDERSTUDY_DATABASE_URL_FILE` names the file that holds `UNDERSTUDY_DATABASE_URL`. */
const FILE_SUFFIX = "_FILE";
/** The same in a configuration file: `databaseUrlFile`. */
const FILE_KEY_SUFFIX = "File";

const check = Compile(NodeSettings);

/**
 * Reads the settings, with `defaults` for what the sources leave out. Throws `config-invalid` that lists every problem at once, each with
 * the name by which its source has it; unknown names are problems, too.
 */
export function readSettings(sources: SettingSources, defaults: Partial<NodeSettings>): ReadSettings {
  const { environment, file } = sources;
  const problems: string[] = [...(file?.problems ?? []), ...unknownNames(environment), ...unknownKeys(file)];
  const values: Record<string, unknown> = {};
  const given = new Map<string, Given>();
  for (const [setting, schema] of Object.entries(NodeSettings.properties)) {
    const fallback: unknown = Reflect.get(defaults, setting) ?? Reflect.get(schema, "default");
    const found =
      fromEnvironment({ setting, schema, problems }, environment) ??
      fromFile({ setting, schema, problems }, file);
    if (found) given.set(setting, found);
    const value = found ? found.value : fallback;
    if (value !== undefined) values[setting] = value;
  }
  problems.push(...schemaProblems(values, given));
  if (problems.length > 0) throw unusable(problems);
  return {
    settings: check.Parse(values),
    origins: new Map([...given].map(([setting, { origin }]) => [setting, origin])),
    secretPaths: new Map(
      [...given].flatMap(([setting, { secretPath }]) =>
        secretPath === undefined ? [] : [[setting, secretPath]],
      ),
    ),
  };
}

/** The one error for a configuration that will not do. */
export function unusable(problems: readonly string[]): UnderstudyError {
  return new UnderstudyError(
    "config-invalid",
    `the configuration is not usable:\n- ${problems.join("\n- ")}`,
    {
      details: { problems },
    },
  );
}

/** A setting that is looked for, and where what is wrong with it goes. */
interface Wanted {
  readonly setting: string;
  readonly schema: object;
  readonly problems: string[];
}

function fromEnvironment({ setting, schema, problems }: Wanted, environment: Environment): Given | undefined {
  const name = environmentName(setting);
  const text = environment[name];
  const path = SECRET_SETTINGS.has(setting) ? environment[name + FILE_SUFFIX] : undefined;
  if (path !== undefined) {
    if (text !== undefined) problems.push(`${name} and ${name}${FILE_SUFFIX} are both given; keep one`);
    else return secretIn(path, name + FILE_SUFFIX, problems);
  }
  if (text === undefined || text === "") return undefined;
  return { value: valueOf(text, schema), name, origin: "environment" };
}

function fromFile({ setting, schema, problems }: Wanted, file: ConfigFile | undefined): Given | undefined {
  if (!file) return undefined;
  const value = file.values.get(setting);
  const nameOf = (key: string): string => `${file.places.get(key) ?? file.path}: ${key}`;
  const fileKey = setting + FILE_KEY_SUFFIX;
  const path = SECRET_SETTINGS.has(setting) ? file.values.get(fileKey) : undefined;
  if (path !== undefined && path !== null) {
    if (value !== undefined) problems.push(`${nameOf(fileKey)} and ${setting} are both given; keep one`);
    else if (typeof path !== "string") problems.push(`${nameOf(fileKey)} must be the path of a file`);
    else return secretIn(path, nameOf(fileKey), problems);
  }
  // what is left empty is left out, as in the environment
  if (value === undefined || value === null || value === "") return undefined;
  const origin = file.places.get(setting) ?? file.path;
  const isPlainNumber = Reflect.get(schema, "type") === "string" && typeof value === "number";
  return { value: isPlainNumber ? String(value) : value, name: nameOf(setting), origin };
}

function secretIn(path: string, name: string, problems: string[]): Given | undefined {
  try {
    const value = readFileSync(path, "utf8").trim();
    return { value, name, origin: `file ${path} (${name})`, secretPath: path };
  } catch (error) {
    problems.push(`${name}: ${messageOf(error)}`);
    // as given, so that it is not said to be missing besides
    return { value: "unreadable", name, origin: name };
  }
}

/** Text becomes what the schema wants where it reads as such; else it stays text, and the schema refuses it. */
function valueOf(text: string, schema: object): unknown {
  switch (Reflect.get(schema, "type")) {
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "array":
      return text.split(",").map((item) => item.trim());
    default:
      return text;
  }
}

function unknownNames(environment: Environment): string[] {
  const known = new Set(Object.keys(NodeSettings.properties).map(environmentName));
  known.add(BROKEN_RULE_VARIABLE);
  for (const setting of SECRET_SETTINGS) known.add(environmentName(setting) + FILE_SUFFIX);
  known.add(CONFIG_FILE_NAME);
  return Object.keys(environment)
    .filter((name) => name.startsWith(SETTING_PREFIX) && !known.has(name))
    .map((name) => `${name} is not a setting (docs/configuration.md lists them)`);
}

function unknownKeys(file: ConfigFile | undefined): string[] {
  if (!file) return [];
  const known = new Set(Object.keys(NodeSettings.properties));
  for (const setting of SECRET_SETTINGS) known.add(setting + FILE_KEY_SUFFIX);
  return [...file.values.keys()]
    .filter((key) => !known.has(key))
    .map(
      (key) =>
        `${file.places.get(key) ?? file.path}: ${key} is not a setting (docs/configuration.md lists them)`,
    );
}

function schemaProblems(values: Record<string, unknown>, given: ReadonlyMap<string, Given>): string[] {
  if (check.Check(values)) return [];
  const problems = new Map<string, string>();
  for (const error of check.Errors(values)) {
    const missing: unknown = Reflect.get(error.params, "requiredProperties");
    if (Array.isArray(missing)) {
      for (const setting of missing.map(String)) {
        problems.set(setting, `${environmentName(setting)} is required`);
      }
      continue;
    }
    const setting = error.instancePath.split("/")[1] ?? "";
    const name = given.get(setting)?.name ?? environmentName(setting);
    const shown = SECRET_SETTINGS.has(setting) ? "" : ` (it is ${maskText(JSON.stringify(values[setting]))})`;
    problems.set(setting, `${name} ${error.message}${shown}`);
  }
  return [...problems.values()];
}
