import { parseArgs } from "node:util";
import { messageOf } from "@understudy/kernel";
import { CONFIG_FILE_NAME } from "./setting-name.ts";

/** What an app is asked to do. */
export type Command =
  | { readonly kind: "run"; readonly configFile: string | null }
  | { readonly kind: "check-config"; readonly configFile: string | null }
  | { readonly kind: "print-config"; readonly configFile: string | null }
  | { readonly kind: "help" | "version" }
  /** A sentence for who typed it. */
  | { readonly kind: "mistake"; readonly message: string };

const OPTIONS = {
  config: { type: "string", short: "c" },
  "check-config": { type: "boolean" },
  "print-config": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/** Reads an app's arguments, without the program's own name. The option `--config` wins over the environment. */
export function parseCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }));
  } catch (error) {
    return { kind: "mistake", message: messageOf(error) };
  }
  if (values.help === true) return { kind: "help" };
  if (values.version === true) return { kind: "version" };
  if (values["check-config"] === true && values["print-config"] === true) {
    return { kind: "mistake", message: "--check-config and --print-config are two things; ask for one" };
  }
  const configFile = values.config ?? (environment[CONFIG_FILE_NAME] || null);
  if (configFile === "") return { kind: "mistake", message: "--config needs the path of a file" };
  if (values["check-config"] === true) return { kind: "check-config", configFile };
  if (values["print-config"] === true) return { kind: "print-config", configFile };
  return { kind: "run", configFile };
}

/** What `--help` prints. */
export function helpText(role: string): string {
  return `Runs a node of Understudy that starts as ${role}.

  --config FILE, -c FILE   settings from a YAML file; the environment (UNDERSTUDY_*) wins over it.
                           The same as ${CONFIG_FILE_NAME}
  --check-config           checks the configuration, shows every setting and where it comes from, and ends:
                           with 0 where it is usable, else with 78
  --print-config           prints the configuration as such a file, without secrets, and ends
  --version, -v            prints the version
  --help, -h               prints this

"token create|list|revoke" instead of these makes the tokens of UNDERSTUDY_TOKENS_FILE; "token --help" tells how.
"restore --file FILE" puts a backup into this node's database server, "restore --verify FILE" looks at one; see "restore --help".

docs/configuration.md lists the settings. A running node logs at debug after SIGUSR2, and as before after the next one.
`;
}
