import type { CallOptions, NodeClient } from "@understudy/client";
import { isAbortOf, messageOf } from "@understudy/kernel";
import { isUnderstudyError } from "@understudy/protocol";
import type { ViewContext } from "../app/view-context.ts";
import type { UiAction } from "../state/ui-state.ts";

/** Default for a call's whole time. */
const TIMEOUT_MS = 30_000;
/** Calls under way at a time; more are refused with a sentence. */
const RUNS_MAX = 16;

/** What a call came to. */
export interface RunOutcome {
  /** One sentence for the notice line: what is now the case. */
  readonly said: string;
  /** Of a write: a read that names it sees the write. */
  readonly position?: string;
  /** Changes the screen: shows rows, loads a view again. */
  readonly show?: (context: ViewContext) => void;
}

/** One call of the API, asked for by a person. */
export interface RunRequest {
  /** What is being done, for the notice line: `creating mydb`. */
  readonly title: string;
  /** URL of the node that must be asked; left out: the attached one. */
  readonly at?: string | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Must hand `options` on. Its rejection is shown in the problem's own words. */
  readonly call: (node: NodeClient, options: CallOptions) => Promise<RunOutcome>;
}

/** Options of {@link ActionRunner}. */
export interface ActionRunnerOptions {
  readonly node: () => NodeClient | null;
  /** A client of another node, see {@link RunRequest.at}. */
  readonly openNode: (url: string) => NodeClient | null;
  readonly dispatch: (action: UiAction) => void;
  readonly context: () => ViewContext;
  readonly monotonicMs: () => number;
}

/** Runs calls beside the screen: never blocks input, and each ends in its time, with a sentence. */
export class ActionRunner {
  readonly #options: ActionRunnerOptions;
  readonly #running = new Map<number, AbortController>();
  #count = 0;

  constructor(options: ActionRunnerOptions) {
    this.#options = options;
  }

  /** Begins `request`. `failed` gets the sentence of a failure, beside the notice line. */
  readonly run = (request: RunRequest, failed?: (sentence: string) => void): void => {
    // It never rejects: what goes wrong is its notice.
    this.#run(request, failed).catch(() => undefined);
  };

  /** Ends all calls under way; what was sent already may still happen. */
  readonly cancel = (): void => {
    for (const abort of this.#running.values()) abort.abort(new DOMException("cancelled", "AbortError"));
  };

  async #run(request: RunRequest, failed: ((sentence: string) => void) | undefined): Promise<void> {
    const { dispatch, context, monotonicMs } = this.#options;
    const id = ++this.#count;
    const abort = new AbortController();
    dispatch({ kind: "run-started", run: { id, title: request.title, startedAtMs: monotonicMs() } });
    try {
      if (this.#running.size >= RUNS_MAX) throw new Error(`${RUNS_MAX} calls are under way already`);
      this.#running.set(id, abort);
      const options = { signal: abort.signal, timeoutMs: request.timeoutMs ?? TIMEOUT_MS };
      const { said, show } = await this.#call(request, options);
      dispatch({ kind: "run-ended", id, notice: { text: `✓ ${said}`, tone: "good" } });
      show?.(context());
    } catch (error) {
      const sentence = isAbortOf(error, abort.signal)
        ? "cancelled; what was sent may still happen"
        : problemInWords(error);
      dispatch({ kind: "run-ended", id, notice: { text: `! ${request.title}: ${sentence}`, tone: "bad" } });
      failed?.(sentence);
    } finally {
      this.#running.delete(id);
    }
  }

  /** Asks the attached node, or the one that the request names by a connection of its own. */
  async #call(request: RunRequest, options: CallOptions): Promise<RunOutcome> {
    const { node, openNode } = this.#options;
    const attached = node();
    if (!attached) throw new Error("no node answers yet");
    if (request.at === undefined || request.at === attached.url) return await request.call(attached, options);
    await using other = openNode(request.at);
    if (!other) throw new Error(`${request.at} can't be reached`);
    return await request.call(other, options);
  }
}

/** An error as the node told it: its code, then its own words. */
export function problemInWords(error: unknown): string {
  if (!isUnderstudyError(error)) return messageOf(error);
  const code = typeof error.details["code"] === "string" ? error.details["code"] : error.code;
  return `${code}: ${messageOf(error)}`;
}
