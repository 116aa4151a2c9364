const NEW_LINE = 0x0a;
const DASH = 0x2d;
/** What tells a comment apart stands at its beginning. */
const COMMENT_BYTES = 40;
const TABLE = "-- Table structure for table ";
const END = "-- Dump completed";

/** Where in a line the last chunk ended: in its beginning, of which so much was seen, or behind it. */
type LineState = { readonly at: "beginning"; readonly seen: string } | { readonly at: "rest" };

/**
 * Watches a dump's text go by and counts its tables by the comments before them. Holds at most 40 bytes: a line may be a row
 * of a gigabyte. A routine's body may imitate a comment; nothing but the count in `progress` hangs on it.
 */
export class DumpScanner {
  #state: LineState = { at: "beginning", seen: "" };
  #bytes = 0;
  #tables = 0;
  #isEndSeen = false;

  /** Bytes seen. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Tables begun. */
  get tables(): number {
    return this.#tables;
  }

  /** The line was seen that the programs write when they are done. */
  get isEndSeen(): boolean {
    return this.#isEndSeen;
  }

  /** Takes the next piece of the text. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(NEW_LINE, start);
      const lineEnd = end === -1 ? chunk.length : end;
      if (this.#state.at === "beginning")
        this.#seeBeginning(this.#state.seen, chunk.subarray(start, lineEnd));
      if (end === -1) return;
      if (this.#state.at === "beginning") this.#inspect(this.#state.seen);
      this.#state = { at: "beginning", seen: "" };
      start = end + 1;
    }
  }

  #seeBeginning(seen: string, piece: Buffer): void {
    if (piece.length === 0) return;
    if (seen === "" && piece[0] !== DASH) {
      this.#state = { at: "rest" };
      return;
    }
    const wanted = COMMENT_BYTES - seen.length;
    const text = seen + piece.toString("latin1", 0, wanted);
    if (text.length < COMMENT_BYTES) {
      this.#state = { at: "beginning", seen: text };
      return;
    }
    this.#inspect(text);
    this.#state = { at: "rest" };
  }

  #inspect(line: string): void {
    if (line.startsWith(TABLE)) this.#tables += 1;
    else if (line.startsWith(END)) this.#isEndSeen = true;
  }
}
