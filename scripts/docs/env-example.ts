import { readConfig } from "../../packages/node/src/config/node-config.ts";
import { environmentName, NodeSettings, SECRET_SETTINGS } from "../../packages/node/src/index.ts";
import type { Role } from "../../packages/protocol/src/index.ts";
import { descriptionOf } from "./configuration-document.ts";

const WIDTH = 120;

/** What a node of either role can't start without, as a person would fill it in. */
const FILLED: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  master: { databaseUrl: "mysql://understudy:change-me@127.0.0.1:3306" },
  slave: {
    masterUrl: "http://127.0.0.1:8083",
    databaseUrl: "mysql://understudy:change-me@127.0.0.1:3307",
  },
};

/** The text of `.env.example` of an app: what it needs is set, everything else stands in comments with its default. */
export function envExample(role: Role): string {
  const filled = FILLED[role];
  const environment = Object.fromEntries(
    Object.entries(filled).map(([setting, value]) => [environmentName(setting), value]),
  );
  const config: object = readConfig(environment, role);
  const blocks = Object.entries(NodeSettings.properties).map(([setting, schema]) => {
    const name = environmentName(setting);
    const value = filled[setting];
    const line = value === undefined ? `# ${name}=${defaultOf(setting, config)}` : `${name}=${value}`;
    return `${wrapped(descriptionOf(schema))}\n${line}\n`;
  });
  return `# Settings of a node that starts as ${role}. Copy it to .env and run: node --env-file=.env src/main.ts
# Made by "pnpm docs"; docs/configuration.md has the same as a table.

${blocks.join("\n")}`;
}

function defaultOf(setting: string, config: object): string {
  const value: unknown = SECRET_SETTINGS.has(setting) ? undefined : Reflect.get(config, setting);
  if (Array.isArray(value)) return value.join(",");
  return value === undefined || value === null ? "" : JSON.stringify(value).replaceAll('"', "");
}

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.replaceAll("`", "").split(" ")) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}
