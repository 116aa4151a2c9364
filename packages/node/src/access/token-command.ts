import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { parseArgs } from "node:util";
import { RIGHT_NAMES } from "./rights.ts";
import { changeTokens, readTokens } from "./token-editing.ts";
import type { TokenEntry } from "./token-file.ts";
import { newToken, tokenDigest } from "./token-secret.ts";

/** What a command writes to, and knows. */
export interface TokenCommandContext {
  /** Where the tokens are unless `--file` says it. */
  readonly defaultFile: string | undefined;
  readonly nowMs: number;
  /** What was asked for, and nothing else. */
  readonly out: (text: string) => void;
  /** Words for people. */
  readonly tell: (text: string) => void;
}

const USAGE = `usage:
  token create --name NAME --rights RIGHTS [--databases NAMES] [--expires TIME] [--requests-per-second N] [--file FILE]
  token list [--file FILE]
  token revoke --name NAME [--file FILE]

RIGHTS are some of ${RIGHT_NAMES.join(",")}; NAMES of databases are separated by commas, too.
TIME is a date, a time with its zone, or a while from now, such as 90d or 12h.
FILE is that of UNDERSTUDY_TOKENS_FILE where it is left out. Nodes see its changes within seconds.
`;

const OPTIONS = {
  name: { type: "string" },
  rights: { type: "string" },
  databases: { type: "string" },
  expires: { type: "string" },
  "requests-per-second": { type: "string" },
  file: { type: "string" },
  help: { type: "boolean" },
} as const;

const WHILE = /^(\d{1,5})([dh])$/;
const UNIT_MS = { d: 86_400_000, h: 3_600_000 } as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/** Carries out `token …`, and resolves with the exit code. A new token is told once, and kept nowhere. */
export async function runTokenCommand(
  words: readonly string[],
  context: TokenCommandContext,
): Promise<number> {
  const [command = "", ...rest] = words;
  try {
    const { values } = parseArgs({ args: [...rest], options: OPTIONS, strict: true });
    if (values.help === true || command === "--help" || command === "help") {
      context.out(USAGE);
      return 0;
    }
    const file = values.file ?? context.defaultFile;
    if (file === undefined) throw usage("say --file FILE, or set UNDERSTUDY_TOKENS_FILE");
    switch (command) {
      case "create":
        await create(file, values, context);
        return 0;
      case "list":
        await list(file, context);
        return 0;
      case "revoke":
        await revoke(file, required(values, "name"), context);
        return 0;
      default:
        throw usage(command === "" ? "say what to do" : `there is no command ${JSON.stringify(command)}`);
    }
  } catch (error) {
    context.tell(`${messageOf(error)}\n${error instanceof UnderstudyError ? "" : `\n${USAGE}`}`);
    return 1;
  }
}

async function create(
  file: string,
  values: Values,
  { nowMs, out, tell }: TokenCommandContext,
): Promise<void> {
  const token = newToken();
  const rate = values["requests-per-second"];
  const rights = listOf(required(values, "rights"));
  const entry = {
    name: required(values, "name"),
    sha256: tokenDigest(token).toString("hex"),
    rights,
    ...(values.databases === undefined ? {} : { databases: listOf(values.databases) }),
    ...(values.expires === undefined ? {} : { expires: timeOf(values.expires, nowMs) }),
    ...(rate === undefined ? {} : { requestsPerSecond: Number(rate) }),
  };
  // what it holds is checked with the file that it becomes part of
  await changeTokens(file, (tokens) => [...tokens, entry as TokenEntry]);
  out(`${token}\n`);
  tell(
    `${entry.name} may ${rights.join(", ")}; ${file} has its hash, and this is the only time that the token is shown\n`,
  );
}

async function list(file: string, { nowMs, out }: TokenCommandContext): Promise<void> {
  for (const { name, rights, databases, expires, requestsPerSecond } of await readTokens(file)) {
    const isOver = expires !== undefined && Date.parse(expires) <= nowMs;
    const parts = [
      rights.join(","),
      databases ? `databases ${databases.join(",")}` : "all databases",
      expires === undefined ? "never expires" : `${isOver ? "expired" : "expires"} ${expires}`,
      ...(requestsPerSecond === undefined ? [] : [`${requestsPerSecond} requests a second`]),
    ];
    out(`${name}\t${parts.join("\t")}\n`);
  }
}

async function revoke(file: string, name: string, { tell }: TokenCommandContext): Promise<void> {
  await changeTokens(file, (tokens) => {
    const left = tokens.filter((token) => token.name !== name);
    if (left.length === tokens.length) {
      throw new UnderstudyError("not-found", `${file} has no token ${JSON.stringify(name)}`);
    }
    return left;
  });
  tell(`${name} is revoked: nodes refuse it within seconds\n`);
}

function timeOf(text: string, nowMs: number): string {
  const [, count = "", unit] = WHILE.exec(text) ?? [];
  if (unit !== "d" && unit !== "h") return text;
  return new Date(nowMs + Number(count) * UNIT_MS[unit]).toISOString();
}

function listOf(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

function required(values: Values, name: "name" | "rights"): string {
  const value = values[name];
  if (value === undefined) throw usage(`--${name} is missing`);
  return value;
}

function usage(problem: string): Error {
  return new Error(problem);
}
