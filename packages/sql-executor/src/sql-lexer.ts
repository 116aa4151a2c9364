/** What a token is. `state` of strings and comments never leaks: what is inside them is one token, or none. */
export type TokenKind =
  | "word"
  | "quoted-name"
  | "string"
  | "number"
  | "variable-mark"
  | "placeholder"
  | "named-placeholder"
  | "punctuation"
  | "unterminated"
  | "end";

const WORD = /[A-Za-z_$\u0080-\u{10ffff}][A-Za-z0-9_$\u0080-\u{10ffff}]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
/** The servers take no other character for a blank; U+00A0 and the like are letters to them. */
const BLANK = /[\u0001-\u0020]+/y;
const NAMED = /:[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Reads SQL text as the servers' own lexers do in our sessions: no ANSI_QUOTES, no NO_BACKSLASH_ESCAPES, client character
 * set utf8mb4. Plain comments are skipped; executable comments must have been opened before ({@link openExecutableComments}).
 * A word that starts with digits comes as a number and a word, so that no keyword hides behind a digit.
 * Linear in the text, constant in memory: the fields describe the current token.
 */
export class SqlLexer {
  readonly text: string;
  kind: TokenKind = "end";
  /** Offsets of the current token. */
  start = 0;
  end = 0;
  /** Comments that were skipped so far. */
  commentCount = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Moves to the next token; false at the end. */
  next(): boolean {
    this.#skipBlanks();
    if (this.start >= this.text.length) {
      this.#token("end", this.text.length);
      return false;
    }
    if (this.#isCommentOpen()) return this.#token("unterminated", this.text.length);
    const code = this.text.charCodeAt(this.start);
    switch (code) {
      // The marks that long lists of rows are made of; no pattern need be tried.
      case 0x28: // (
      case 0x29: // )
      case 0x2c: // ,
      case 0x3b: // ;
      case 0x3d: // =
        return this.#token("punctuation", this.start + 1);
      case 0x27: // '
      case 0x22: // "
        return this.#quoted("string", code);
      case 0x60: // `
        return this.#quoted("quoted-name", code);
      case 0x3f: // ?
        return this.#token("placeholder", this.start + 1);
      case 0x40: // @
        return this.#token(
          "variable-mark",
          this.start + (this.text.charCodeAt(this.start + 1) === 0x40 ? 2 : 1),
        );
    }
    return (
      this.#match(NUMBER, "number") ||
      this.#match(WORD, "word") ||
      this.#match(NAMED, "named-placeholder") ||
      this.#token("punctuation", this.start + 1)
    );
  }

  /** Text of the current token. */
  get value(): string {
    return this.text.slice(this.start, this.end);
  }

  /** The current word in upper case; empty for every other kind of token. */
  get word(): string {
    return this.kind === "word" ? this.value.toUpperCase() : "";
  }

  #token(kind: TokenKind, end: number): true {
    this.kind = kind;
    this.end = end;
    return true;
  }

  #match(pattern: RegExp, kind: TokenKind): boolean {
    pattern.lastIndex = this.start;
    return pattern.test(this.text) && this.#token(kind, pattern.lastIndex);
  }

  #quoted(kind: TokenKind, quote: number): true {
    const { text } = this;
    for (let at = this.start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x5c && kind === "string") at++;
      else if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) return this.#token(kind, at + 1);
        at++;
      }
    }
    return this.#token("unterminated", text.length);
  }

  /** Sets `start` to the next token, or to a comment that never ends. */
  #skipBlanks(): void {
    let at = this.end;
    for (;;) {
      const code = this.text.charCodeAt(at);
      if (code <= 0x20) {
        BLANK.lastIndex = at;
        if (BLANK.test(this.text)) at = BLANK.lastIndex;
      }
      const commentEnd = endOfComment(this.text, at);
      if (commentEnd <= at) break;
      at = commentEnd;
      this.commentCount++;
    }
    this.start = at;
  }

  #isCommentOpen(): boolean {
    return endOfComment(this.text, this.start) < 0;
  }
}

/** Where the comment that starts at `at` ends; `at` itself where none starts, -1 where it never ends. */
function endOfComment(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x23) return endOfLine(text, at);
  if (code === 0x2d && text.charCodeAt(at + 1) === 0x2d && isBlankCode(text.charCodeAt(at + 2))) {
    return endOfLine(text, at);
  }
  if (code !== 0x2f || text.charCodeAt(at + 1) !== 0x2a) return at;
  const end = text.indexOf("*/", at + 2);
  return end < 0 ? -1 : end + 2;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

/** After `--` a comment needs a blank, a control character or the end. */
function isBlankCode(code: number): boolean {
  return Number.isNaN(code) || code <= 0x20 || code === 0x7f;
}
