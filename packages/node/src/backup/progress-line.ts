import type { CopyProgress } from "@understudy/protocol";

/** Where the progress of a long command is told. */
export interface ProgressLineOptions {
  readonly write: (text: string) => void;
  /** A bar that is drawn over, else a line now and then. */
  readonly isTerminal: boolean;
}

const BAR_CELLS = 24;
const WORDS_EACH_PERCENT = 10;
const CLEAR = "\r\u001B[K";
/** The total is an estimate: only the end is all of it. */
const SHARE_MAX = 0.99;

/** Tells how far a long command is: a bar on a terminal, elsewhere a line for each phase and each tenth. */
export class ProgressLine {
  readonly #of: ProgressLineOptions;
  #told = "";

  constructor(options: ProgressLineOptions) {
    this.#of = options;
  }

  /** To be called whenever something has changed. */
  report(progress: CopyProgress): void {
    const { write, isTerminal } = this.#of;
    const share = shareOf(progress);
    const words = wordsOf(progress, share);
    if (isTerminal) {
      if (words === this.#told) return;
      this.#told = words;
      write(`${CLEAR}${barOf(share)} ${words}`);
      return;
    }
    const step = `${progress.phase} ${Math.floor((share * 100) / WORDS_EACH_PERCENT)}`;
    if (step === this.#told) return;
    this.#told = step;
    write(`${words}\n`);
  }

  /** Makes room for other words. */
  end(): void {
    if (this.#of.isTerminal && this.#told !== "") this.#of.write(CLEAR);
    this.#told = "";
  }
}

function shareOf({ phase, bytesDone, bytesTotal }: CopyProgress): number {
  if (phase === "done" || phase === "finishing") return 1;
  return bytesTotal > 0 ? Math.min(SHARE_MAX, bytesDone / bytesTotal) : 0;
}

function barOf(share: number): string {
  const done = Math.floor(share * BAR_CELLS);
  return `▕${"█".repeat(done)}${"·".repeat(BAR_CELLS - done)}▏`;
}

function wordsOf(
  { phase, bytesDone, bytesTotal, tablesDone, tablesTotal }: CopyProgress,
  share: number,
): string {
  const percent = `${Math.floor(share * 100)} %`;
  return `${phase} ${percent}, ${sizeOf(bytesDone)} of about ${sizeOf(Math.max(bytesTotal, bytesDone))}, ${tablesDone} of ${tablesTotal} tables`;
}

/** `1.2 GB`, in powers of a thousand. */
export function sizeOf(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ""}`;
}
