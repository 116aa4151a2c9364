import { readFileSync } from "node:fs";
import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { Compile } from "typebox/compile";
import { NodeSettings, SECRET_SETTINGS } from "./settings.ts";
import { environmentName, SETTING_PREFIX } from "./setting-name.ts";

/** An environment, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings given by a file: `UNDERSTUDY_DATABASE_URL_FILE` names the file that holds `UNDERSTUDY_DATABASE_URL`. */
const FILE_SUFFIX = "_FILE";

const check = Compile(NodeSettings);

/**
 * Reads the settings from an environment, with `defaults` for what it leaves out. Throws `config-invalid` that lists every
 * problem at once, unknown `UNDERSTUDY_` names included.
 */
export function readSettings(environment: Environment, defaults: Partial<NodeSettings>): NodeSettings {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [setting, schema] of Object.entries(NodeSettings.properties)) {
    const text = textOf(setting, environment, problems);
    const fallback: unknown = Reflect.get(defaults, setting) ?? Reflect.get(schema, "default");
    const value = text === undefined ? fallback : valueOf(text, schema);
    if (value !== undefined) values[setting] = value;
  }
  problems.push(...unknownNames(environment));
  if (!check.Check(values)) {
    problems.push(...schemaProblems(values));
  }
  if (problems.length > 0) {
    throw new UnderstudyError(
      "config-invalid",
      `the configuration is not usable:\n- ${problems.join("\n- ")}`,
    );
  }
  return check.Parse(values);
}

function textOf(setting: string, environment: Environment, problems: string[]): string | undefined {
  const name = environmentName(setting);
  const text = environment[name];
  const path = SECRET_SETTINGS.has(setting) ? environment[name + FILE_SUFFIX] : undefined;
  if (path === undefined) return text === "" ? undefined : text;
  if (text !== undefined) {
    problems.push(`${name} and ${name}${FILE_SUFFIX} are both given; keep one`);
    return text;
  }
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    problems.push(`${name}${FILE_SUFFIX}: ${messageOf(error)}`);
    return undefined;
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
  for (const setting of SECRET_SETTINGS) known.add(environmentName(setting) + FILE_SUFFIX);
  return Object.keys(environment)
    .filter((name) => name.startsWith(SETTING_PREFIX) && !known.has(name))
    .map((name) => `${name} is not a setting (docs/configuration.md lists them)`);
}

function schemaProblems(values: Record<string, unknown>): string[] {
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
    const shown = SECRET_SETTINGS.has(setting) ? "" : ` (it is ${JSON.stringify(values[setting])})`;
    problems.set(setting, `${environmentName(setting)} ${error.message}${shown}`);
  }
  return [...problems.values()];
}
