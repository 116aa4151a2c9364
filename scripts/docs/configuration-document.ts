import { readConfig } from "../../packages/node/src/config/node-config.ts";
import { environmentName, NodeSettings } from "../../packages/node/src/index.ts";
import { ROLES } from "../../packages/protocol/src/index.ts";

const INTRODUCTION = `# Configuration

<!-- Made from packages/node/src/config/settings.ts by "pnpm docs". Do not edit. -->

A node (\`apps/master\`, \`apps/slave\`) is configured by environment variables. All problems are reported at once before
anything starts, and an unknown \`UNDERSTUDY_\` name is one of them, so that a typing mistake cannot pass as a default.
Lists are separated by commas, switches are \`true\` or \`false\`.
`;

/** Enough for a node of either role, so that everything else shows its default. */
const LEAST = {
  [environmentName("databaseUrl")]: "mysql://user:password@127.0.0.1:3306",
  [environmentName("masterUrl")]: "http://127.0.0.1:8083",
} as const;

/** The text of \`docs/configuration.md\`. */
export function configurationDocument(): string {
  const master: object = readConfig(LEAST, "master");
  const slave: object = readConfig(LEAST, "slave");
  const rows = Object.entries(NodeSettings.properties).map(([setting, schema]) => {
    const name = environmentName(setting);
    const initial = requiredFor(name) ?? defaultOf(setting, master, slave);
    return `| \`${name}\` | ${allowedOf(schema)} | ${initial} | ${descriptionOf(schema)} |`;
  });
  return [INTRODUCTION, "| name | value | default | meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}

/** Says for which roles a node refuses to start without the setting; null where it has a default or may be left out. */
function requiredFor(name: string): string | null {
  if (!(name in LEAST)) return null;
  const roles = ROLES.filter((role) => {
    try {
      readConfig({ ...LEAST, [name]: undefined }, role);
      return false;
    } catch {
      return true;
    }
  });
  return roles.length === ROLES.length ? "required" : `required (${roles.join(", ")})`;
}

function defaultOf(setting: string, master: object, slave: object): string {
  const onMaster = shown(Reflect.get(master, setting));
  const onSlave = shown(Reflect.get(slave, setting));
  return onMaster === onSlave ? onMaster : `${onMaster} (master), ${onSlave} (slave)`;
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  const text =
    typeof value === "string" ? value : Array.isArray(value) ? value.join(",") : JSON.stringify(value);
  return text === "" ? "empty" : `\`${text}\``;
}

function allowedOf(schema: object): string {
  const { type, enum: values, minimum, maximum } = schema as Record<string, unknown>;
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(", ");
  if (type === "integer") return `${String(minimum)} … ${String(maximum)}`;
  return type === "array" ? "list" : type === "boolean" ? "switch" : "text";
}

function descriptionOf(schema: object): string {
  const description: unknown = Reflect.get(schema, "description");
  if (typeof description !== "string") throw new Error("a setting has no description");
  return description.replaceAll("|", String.raw`\|`);
}
