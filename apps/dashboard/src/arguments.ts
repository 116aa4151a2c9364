import { parseArgs } from "node:util";

/** Where the nodes of a sandbox on this machine listen. */
export const DEFAULT_NODES: readonly string[] = [8083, 8084, 8085].map((port) => `http://127.0.0.1:${port}`);

/** What the command line asks for. */
export type Command =
  | { readonly kind: "live" | "once" | "json"; readonly nodes: readonly string[] }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly sentence: string };

const OPTIONS = {
  node: { type: "string", multiple: true },
  once: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What `--help` prints. */
export const USAGE = `Shows an Understudy cluster live in the terminal.

usage: dashboard [--node URL]... [--once | --json]

  --node URL   a node to begin with; the others are learnt from it. Repeat it to name several.
               Default: ${DEFAULT_NODES.join(", ")}
  --once       print one overview and end
  --json       print the cluster as JSON, as GET /cluster gives it, and end
  --help       print this

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
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") return wrong(`what is "${token.value}" for?`);
    if (!Object.hasOwn(OPTIONS, token.name)) return wrong(`there is no option ${token.rawName}.`);
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
  const kind = flags.has("json") ? "json" : flags.has("once") ? "once" : "live";
  return { kind, nodes: nodes.length > 0 ? nodes : DEFAULT_NODES };
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
