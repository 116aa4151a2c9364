import { readConfig } from "../../packages/node/src/config/node-config.ts";
import { environmentName, NodeSettings } from "../../packages/node/src/index.ts";
import { ROLES } from "../../packages/protocol/src/index.ts";

const INTRODUCTION = `# Configuration

<!-- Made from packages/node/src/config/settings.ts by "pnpm docs". Do not edit. -->

A node (\`apps/master\`, \`apps/slave\`) is configured by environment variables, by a file, or by both; the environment wins. All problems are
reported at once before anything starts, each with the place where it stands, and an unknown name is one of them, so that a typing
mistake cannot pass as a default.

**Environment.** Lists are separated by commas, switches are \`true\` or \`false\`. \`apps/master/.env.example\` and \`apps/slave/.env.example\` have
every setting with its default; \`node --env-file=.env\` and \`docker run --env-file\` read such files.

**File.** \`--config FILE\` or \`UNDERSTUDY_CONFIG_FILE\` names a YAML (or JSON) file. A setting is called there as below, without the prefix and in
camel case: \`UNDERSTUDY_BODY_LIMIT_BYTES\` is \`bodyLimitBytes\`.

\`\`\`yaml
clusterId: shop
host: 10.0.0.5
advertisedUrl: http://10.0.0.5:8083
etcd: [http://etcd1:2379, http://etcd2:2379, http://etcd3:2379]
databaseUrlFile: /run/secrets/database-url # or databaseUrl: mysql://…
leaseTtlMs: 5000
allowOpenAccess: true
\`\`\`

**Look.** Both apps take these options:

| option | what it does |
|---|---|
| \`--check-config\` | Checks, shows every setting with its value and where it comes from, and ends: with 0 where all is usable, else with 78. |
| \`--print-config\` | Prints what is in effect as a configuration file. |
| \`--help\`, \`--version\` | As usual. |

\`\`\`
$ node apps/slave/src/main.ts --config node2.yaml --check-config
UNDERSTUDY_CLUSTER_ID    shop          node2.yaml:1
UNDERSTUDY_PORT          8084          default
UNDERSTUDY_DATABASE_URL  [redacted]    file /run/secrets/database-url (UNDERSTUDY_DATABASE_URL_FILE)
…
\`\`\`

Secrets are never shown: not by these, nor in logs, errors, metrics or answers. Keep them in files, as below.

## Settings
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
  if (value === undefined || value === null) return "";
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

/** What a setting means, for a cell of a table. Throws where nobody has said it. */
export function descriptionOf(schema: object): string {
  const description: unknown = Reflect.get(schema, "description");
  if (typeof description !== "string") throw new Error("a setting has no description");
  return description.replaceAll("|", String.raw`\|`);
}
