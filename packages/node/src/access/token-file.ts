import { Identifier, UnderstudyError } from "@understudy/protocol";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { RIGHT_NAMES, type Right } from "./rights.ts";

const HIDDEN = new Set(["mysql", "understudy", "sys", "performance_schema", "information_schema"]);
/** Every request is compared with all of them. */
const TOKENS_MAX = 500;
/** Of a token's rights only these can be held to a database. */
const OF_DATABASES: ReadonlySet<Right> = new Set(["read", "write", "ddl"]);
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

const TokenEntry = Type.Object(
  {
    name: Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$",
      description: "What logs and answers call it by.",
    }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the token, in hexadecimal." }),
    rights: Type.Array(Type.Enum([...RIGHT_NAMES]), { minItems: 1, uniqueItems: true }),
    databases: Type.Optional(
      Type.Array(Identifier, {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
        description: "The only databases it is for; left out, it is for all.",
      }),
    ),
    expires: Type.Optional(
      Type.String({ description: "From when on it is refused: a date, or a time with its zone (ISO 8601)." }),
    ),
    requestsPerSecond: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000_000,
        description: "Requests that it may send to one node, on average; twice as many at once.",
      }),
    ),
  },
  { additionalProperties: false },
);
/** One token as the file has it. */
export type TokenEntry = Static<typeof TokenEntry>;

/** What stands in the file that `UNDERSTUDY_TOKENS_FILE` names. */
export const TokenFile = Type.Object(
  { tokens: Type.Array(TokenEntry, { maxItems: TOKENS_MAX }) },
  { additionalProperties: false },
);
/** @see TokenFile */
export type TokenFile = Static<typeof TokenFile>;

const check = Compile(TokenFile);

/** Reads the text of a token file. Throws `config-invalid` with every problem at once; none of them shows a hash. */
export function parseTokenFile(text: string, path: string): TokenFile {
  const problems: string[] = [];
  const value = parseJson(text, problems);
  if (problems.length === 0 && !check.Check(value)) problems.push(...schemaProblems(value));
  if (problems.length === 0 && check.Check(value)) problems.push(...entryProblems(value));
  if (problems.length > 0) {
    throw new UnderstudyError(
      "config-invalid",
      `the tokens of ${path} are not usable:\n- ${problems.join("\n- ")}`,
    );
  }
  return check.Parse(value);
}

function parseJson(text: string, problems: string[]): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // what the parser says quotes the text
    problems.push("it is no JSON");
    return undefined;
  }
}

function schemaProblems(value: unknown): string[] {
  const found = check.Errors(value).map(({ instancePath, message }) => {
    const place = instancePath === "" ? "the file" : instancePath.slice(1).replaceAll("/", ".");
    return `${place} ${message}`;
  });
  return [...new Set(found)];
}

function entryProblems({ tokens }: TokenFile): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const digests = new Set<string>();
  for (const [index, { name, sha256, rights, databases, expires }] of tokens.entries()) {
    const place = `tokens.${index} (${name})`;
    if (names.has(name)) problems.push(`${place}: another token has that name`);
    if (digests.has(sha256)) problems.push(`${place}: another token has that hash`);
    names.add(name);
    digests.add(sha256);
    if (expires !== undefined && (!TIME.test(expires) || Number.isNaN(Date.parse(expires)))) {
      problems.push(
        `${place}: expires must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z`,
      );
    }
    if (databases === undefined) continue;
    const wide = rights.filter((right) => !OF_DATABASES.has(right));
    if (wide.length > 0) {
      problems.push(
        `${place}: ${wide.join(" and ")} can't be bound to databases; make a token of its own for it`,
      );
    }
    for (const database of databases) {
      if (HIDDEN.has(database.toLowerCase()))
        problems.push(`${place}: ${database} is no database of clients`);
    }
  }
  return problems;
}
