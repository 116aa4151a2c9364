import { parseArgs } from "node:util";
import { isThemeName, THEME_NAMES, type ThemeName } from "../theme/theme.ts";

/** Where the nodes of a sandbox on this machine listen. */
export const DEFAULT_NODES: readonly string[] = [8083, 8084, 8085].map((port) => `http://127.0.0.1:${port}`);

/** What the options say. */
export interface Options {
  readonly nodes: readonly string[];
  /** Holds the token, in its first line; null without one. */
  readonly tokenFile: string | null;
  /** PEM certificates that are trusted beside the system's; null for none. */
  readonly caFile: string | null;
  readonly isReadOnly: boolean;
  /** False where no statement may be kept. */
  readonly keepsHistory: boolean;
  /** Null for the one that was used last. */
  readonly theme: ThemeName | null;
}

/** What the command line asks for. */
export type Command =
  | ({ readonly kind: "live" | "once" | "json" | "watch" } & Options)
  | { readonly kind: "help" | "version" }
  | { readonly kind: "wrong"; readonly sentence: string };

const OPTIONS = {
  node: { type: "string", multiple: true },
  "token-file": { type: "string" },
  "ca-file": { type: "string" },
  "read-only": { type: "boolean" },
  "no-history": { type: "boolean" },
  theme: { type: "string" },
  once: { type: "boolean" },
  json: { type: "boolean" },
  watch: { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What `--help` prints. */
export const USAGE = `Shows an Understudy cluster live in the terminal.

usage: dashboard [--node URL]... [--token-file FILE] [--read-only] [--no-history] [--theme NAME] [--once | --json | --watch]

  --node URL         a node to begin with; the others are learnt from it. Repeat it to name several.
                     Default: ${DEFAULT_NODES.join(", ")}
  --token-file FILE  send the token in this file with each request
  --ca-file FILE     trust the certificates in this file (PEM) for https, beside the system's
  --read-only        hide everything that changes the cluster or its data
  --no-history       keep no statement of the SQL view (one that begins with a blank is never kept)
  --theme NAME       ${THEME_NAMES.join(", ")}
  --once             print one overview and end
  --json             print the cluster as JSON, as GET /cluster gives it, and end
  --watch            print a line of JSON for each change, until it is ended
  --version          print the version
  --help             print this

Ends with 0 when the cluster is healthy (or the live view was left), 1 when it is degraded,
2 when no node answers or an option is wrong. NO_COLOR switches colours off.
`;

/** Reads the command line; never throws. */
export function readArguments(args: readonly string[]): Command {
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const nodes: string[] = [];
  const flags = new Set<string>();
  const texts = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") return wrong(`what is "${token.value}" for?`);
    if (!Object.hasOwn(OPTIONS, token.name)) return wrong(`there is no option ${token.rawName}.`);
    if (token.name === "token-file" || token.name === "ca-file" || token.name === "theme") {
      const value = token.value ?? "";
      if (value === "") return wrong(`${token.rawName} needs a ${token.name === "theme" ? "name" : "file"}.`);
      texts.set(token.name, value);
      continue;
    }
    if (token.name !== "node") {
      if (token.value !== undefined) return wrong(`${token.rawName} takes no value.`);
      flags.add(token.name);
      continue;
    }
    const url = nodeUrl(token.value);
    if (url === null) return wrong("--node needs a URL like http://127.0.0.1:8083.");
    nodes.push(url);
  }
  if (flags.has("help")) return { kind: "help" };
  if (flags.has("version")) return { kind: "version" };
  const theme = texts.get("theme") ?? null;
  if (theme !== null && !isThemeName(theme)) return wrong(`--theme is one of ${THEME_NAMES.join(", ")}.`);
  return {
    kind: (["json", "watch", "once"] as const).find((kind) => flags.has(kind)) ?? "live",
    nodes: nodes.length > 0 ? nodes : DEFAULT_NODES,
    tokenFile: texts.get("token-file") ?? null,
    caFile: texts.get("ca-file") ?? null,
    isReadOnly: flags.has("read-only"),
    keepsHistory: !flags.has("no-history"),
    theme,
  };
}

function wrong(sentence: string): Command {
  return { kind: "wrong", sentence: `${sentence} Try --help.` };
}

/** A node's URL in its plain form; `host:port` will do. Null for what is none. */
function nodeUrl(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  const isPlain = url && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  return isPlain ? url.origin : null;
}
