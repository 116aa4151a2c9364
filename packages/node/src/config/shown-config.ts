import { stringify } from "yaml";
import { MASK, maskText } from "./mask.ts";
import type { LoadedConfig } from "./node-config.ts";
import { Redacted } from "./redacted.ts";
import { environmentName } from "./setting-name.ts";
import { NodeSettings, SECRET_SETTINGS } from "./settings.ts";

/** On one line each. */
const FLAT = { lineWidth: 0, collectionStyle: "flow" } as const;

/** One setting as it may be shown. */
interface ShownSetting {
  readonly setting: string;
  /** Undefined where it is left out and has no default. */
  readonly value: unknown;
  readonly isSecret: boolean;
  readonly origin: string;
}

/** Every setting with its value and where that comes from, a line each, secrets masked. */
export function describeConfig(loaded: LoadedConfig): string {
  const rows = shownSettings(loaded).map(({ setting, value, origin }) => ({
    name: environmentName(setting),
    value: value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value),
    origin,
  }));
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.min(40, Math.max(...rows.map(({ value }) => value.length)));
  return rows
    .map(({ name, value, origin }) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${origin}\n`)
    .join("");
}

/** The same as a configuration file. What is secret or left out stands in comments. */
export function printConfig(loaded: LoadedConfig): string {
  const lines = shownSettings(loaded).map(({ setting, value, isSecret, origin }) => {
    if (value === undefined) return `# ${setting}:`;
    const line = `${setting}: ${stringify(value, FLAT).trim()}`;
    return isSecret ? `# ${line}` : `${line} # ${origin}`;
  });
  return `${lines.join("\n")}\n`;
}

function shownSettings({ config, origins }: LoadedConfig): ShownSetting[] {
  return Object.keys(NodeSettings.properties).map((setting) => {
    const value: unknown = Reflect.get(config, setting) ?? undefined;
    const isSecret = value !== undefined && (value instanceof Redacted || SECRET_SETTINGS.has(setting));
    const origin = origins.get(setting) ?? (value === undefined ? "not set" : "default");
    return { setting, value: isSecret ? MASK : masked(value), isSecret, origin };
  });
}

function masked(value: unknown): unknown {
  if (typeof value === "string") return maskText(value);
  return Array.isArray(value) ? value.map(masked) : value;
}
