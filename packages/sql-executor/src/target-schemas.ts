import type { SqlLexer } from "./sql-lexer.ts";

const STARTS = new Set(["INSERT", "REPLACE", "INTO", "REFERENCES"]);
const MODIFIERS = new Set(["INTO", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"]);

/**
 * Collects, token by token, the schemas that a statement names for the tables that it inserts into or refers to with a foreign
 * key: `x` in `INSERT INTO x.t` and `REFERENCES x.t`. No alias can stand there, so a name with a dot is a schema's.
 */
export class TargetSchemas {
  readonly found = new Set<string>();
  #expects: "start" | "name" | "dot" = "start";
  #name = "";

  take(token: Pick<SqlLexer, "kind" | "word" | "value">): void {
    const { kind } = token;
    if (this.#expects === "start" && kind !== "word") return;
    const { word } = token;
    if (this.#expects === "name" && MODIFIERS.has(word)) return;
    if (this.#expects === "name" && (kind === "word" || kind === "quoted-name")) {
      const { value } = token;
      this.#name = kind === "word" ? value : value.slice(1, -1).replaceAll("``", "`");
      this.#expects = "dot";
      return;
    }
    if (this.#expects === "dot" && token.value === ".") this.found.add(this.#name);
    this.#expects = STARTS.has(word) ? "name" : "start";
  }
}
