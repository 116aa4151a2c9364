import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A token of a {@link TokenFolder}, as its file has it. */
export interface TestToken {
  readonly rights: readonly string[];
  readonly databases?: readonly string[];
  readonly expires?: string;
  readonly requestsPerSecond?: number;
}

/** A folder with the tokens of a cluster, and that of its nodes, which changes as mounted secrets do: by a rename. */
export class TokenFolder implements AsyncDisposable {
  readonly #folder: string;
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #tokens: Readonly<Record<string, TestToken>>;

  private constructor(folder: string, tokens: Readonly<Record<string, TestToken>>) {
    this.#folder = folder;
    this.#tokens = tokens;
    this.#secrets = new Map(
      Object.keys(tokens).map((name) => [name, `understudy_${randomBytes(32).toString("base64url")}`]),
    );
  }

  /** With one of the name `nodes`, by which the nodes know each other. */
  static async open(tokens: Readonly<Record<string, TestToken>>): Promise<TokenFolder> {
    const folder = await mkdtemp(join(tmpdir(), "understudy-tokens-"));
    const opened = new TokenFolder(folder, { nodes: { rights: ["replicate"] }, ...tokens });
    await opened.restore();
    return opened;
  }

  get file(): string {
    return join(this.#folder, "tokens.json");
  }

  /** For every node. */
  get environment(): Readonly<Record<string, string>> {
    return {
      UNDERSTUDY_TOKENS_FILE: this.file,
      UNDERSTUDY_NODE_TOKEN_FILE: join(this.#folder, "node-token"),
    };
  }

  /** What must never be seen anywhere. */
  get secrets(): readonly string[] {
    return [...this.#secrets.values()];
  }

  secret(name: string): string {
    const secret = this.#secrets.get(name);
    if (secret === undefined) throw new Error(`there is no token ${name}`);
    return secret;
  }

  /** What a request of that token brings along. */
  as(name: string): { readonly headers: Record<string, string> } {
    return { headers: { authorization: `Bearer ${this.secret(name)}` } };
  }

  async restore(): Promise<void> {
    const tokens = Object.entries(this.#tokens).map(([name, token]) => ({
      name,
      sha256: createHash("sha256").update(this.secret(name)).digest("hex"),
      ...token,
    }));
    await this.replace("tokens.json", JSON.stringify({ tokens }));
    await this.replace("node-token", `${this.secret("nodes")}\n`);
  }

  async replace(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(`${path}.next`, text, { mode: 0o600 });
    await rename(`${path}.next`, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
