import stringWidth from "string-width";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cells that a text takes in a terminal; CJK and emoji take two. */
export function cellsOf(text: string): number {
  return stringWidth(text);
}

/** Control characters would move the cursor or colour the screen: each is shown as `·`, a line break as `⏎`. */
export function printable(text: string): string {
  return text.replaceAll(/\r?\n/g, "⏎").replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, "·");
}

/** The text in exactly `width` cells: filled with blanks, or cut with `…`. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  if (width <= 0) return "";
  const cut = cutTo(text, width);
  const pad = " ".repeat(Math.max(0, width - cellsOf(cut)));
  return align === "left" ? cut + pad : pad + cut;
}

/** The text in at most `width` cells, cut with `…`. */
export function cutTo(text: string, width: number): string {
  if (text.length <= width && /^[\u0020-\u007E]*$/.test(text)) return text;
  const clean = printable(text);
  if (cellsOf(clean) <= width) return clean;
  let cut = "";
  let cells = 0;
  for (const { segment } of graphemes.segment(clean)) {
    const more = cellsOf(segment);
    if (cells + more > width - 1) break;
    cut += segment;
    cells += more;
  }
  return `${cut}…`;
}

/** The text in lines of at most `width` cells, broken at blanks where there are any. */
export function wrapped(text: string, width: number): string[] {
  return text.split(/\r?\n/).flatMap((line) => wrapLine(line, Math.max(1, width)));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of printable(line).split(/(?<= )/)) {
    if (cellsOf(current + word.trimEnd()) <= width) {
      current += word;
      continue;
    }
    if (current !== "") lines.push(current.trimEnd());
    current = "";
    for (const { segment } of graphemes.segment(word)) {
      if (cellsOf(current + segment) > width) {
        lines.push(current);
        current = "";
      }
      current += segment;
    }
  }
  return [...lines, current.trimEnd()];
}
