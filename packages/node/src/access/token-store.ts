import { messageOf, type Clock, type Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { readFile, stat } from "node:fs/promises";
import { parseTokenFile } from "./token-file.ts";
import { TokenList, type KnownToken } from "./token-list.ts";
import { WatchedFile } from "./watched-file.ts";

/** What {@link TokenStore.open} needs. */
export interface TokenStoreOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each change of the tokens that has taken effect, and of each that was refused, in one sentence. Must not throw. */
  readonly onChange: (kind: "taken" | "refused", sentence: string) => void;
}

const READABLE_BY_ANYONE = 0o004;
/** Where container engines mount secrets, as files that each user of the container can read: the node is its only one. */
const CONTAINER_SECRETS = "/run/secrets/";

/** The tokens that a node accepts, as their file has them now. A new file that is not usable changes nothing. */
export class TokenStore implements AsyncDisposable {
  readonly #options: TokenStoreOptions;
  readonly #watched: WatchedFile;
  #list: TokenList;
  /** What was looked at last, usable or not. */
  #text: string;
  /** Why that is not in force; null where it is. */
  #problem: string | null = null;
  #isOpenToAll: boolean;

  private constructor(options: TokenStoreOptions, found: FoundFile) {
    this.#options = options;
    this.#list = found.list;
    this.#text = found.text;
    this.#isOpenToAll = found.isOpenToAll;
    const { path, clock, logger } = options;
    this.#watched = new WatchedFile({ path, clock, logger, look: () => this.#look() });
  }

  /** Throws `config-invalid` for a file that can't be read or used. */
  static async open(options: TokenStoreOptions): Promise<TokenStore> {
    const { path, logger } = options;
    const text = await textOf(path);
    const list = new TokenList(parseTokenFile(text, path));
    const store = new TokenStore(options, { text, list, isOpenToAll: await isOpenToAll(path) });
    for (const warning of store.warnings()) logger.warn({ event: "tokens-warning" }, warning);
    return store;
  }

  /** The token of that text, expired or not; null for one that the node does not know. */
  find(text: string): KnownToken | null {
    return this.#list.find(text);
  }

  /** What a person should know of the file. */
  warnings(): string[] {
    const { path } = this.#options;
    return [
      ...(this.#problem === null ? [] : [`the tokens of before are still in force: ${this.#problem}`]),
      ...(this.#isOpenToAll ? [`every user of this machine can read ${path}; chmod 600 it`] : []),
    ];
  }

  async #look(): Promise<void> {
    const { path, onChange } = this.#options;
    try {
      const text = await textOf(path).catch((error: unknown) => {
        // the same text is new again once it is back
        this.#text = "";
        throw error;
      });
      this.#isOpenToAll = await isOpenToAll(path);
      if (text === this.#text) return;
      // noted first: what is not usable is told of once
      this.#text = text;
      const list = new TokenList(parseTokenFile(text, path));
      const sentence = changeOf(this.#list, list);
      this.#list = list;
      this.#problem = null;
      onChange("taken", sentence);
    } catch (error) {
      const problem = messageOf(error);
      if (problem === this.#problem) return;
      this.#problem = problem;
      onChange("refused", `the tokens of before are still in force: ${problem}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watched[Symbol.asyncDispose]();
  }
}

interface FoundFile {
  readonly text: string;
  readonly list: TokenList;
  readonly isOpenToAll: boolean;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UnderstudyError("config-invalid", `UNDERSTUDY_TOKENS_FILE can't be read: ${messageOf(error)}`);
  }
}

async function isOpenToAll(path: string): Promise<boolean> {
  if (path.startsWith(CONTAINER_SECRETS)) return false;
  const found = await stat(path).catch(() => null);
  return found !== null && (found.mode & READABLE_BY_ANYONE) !== 0;
}

function changeOf(before: TokenList, now: TokenList): string {
  const added = now.names().filter((name) => !before.names().includes(name));
  const gone = before.names().filter((name) => !now.names().includes(name));
  const parts = [
    ...(added.length > 0 ? [`new: ${added.join(", ")}`] : []),
    ...(gone.length > 0 ? [`gone: ${gone.join(", ")}`] : []),
  ];
  return `the tokens were read again, ${now.size} in all${parts.length === 0 ? "" : `; ${parts.join("; ")}`}`;
}
