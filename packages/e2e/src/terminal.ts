import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@understudy/kernel";

const POLL_MS = 50;
const PATIENCE_MS = 60_000;
/** Of one command of tmux. */
const COMMAND_TIMEOUT_MS = 30_000;

/** Options of {@link openTerminal}. */
export interface TerminalOptions {
  /** Default 100. */
  readonly columns?: number;
  /** Default 30. */
  readonly rows?: number;
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A terminal with a shell in it, such as a person sits at; keys go in, and what is on its screen comes out. */
export class Terminal implements AsyncDisposable {
  /** Name of its tmux server's socket. */
  readonly socket: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** Use {@link openTerminal}. */
  constructor(socket: string, environment: NodeJS.ProcessEnv) {
    this.socket = socket;
    this.#environment = environment;
  }

  /** Types `text` as it stands. */
  async type(text: string): Promise<void> {
    await this.tmux("send-keys", "-l", "--", text);
  }

  /** Presses keys by their names in tmux: `Enter`, `Escape`, `C-c`, `Down`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.tmux("send-keys", "--", ...keys);
  }

  /** Types a command line and presses Enter. */
  async enter(line: string): Promise<void> {
    await this.type(line);
    await this.press("Enter");
  }

  /** What is on the screen now, without colours. */
  async screen(): Promise<string> {
    return this.tmux("capture-pane", "-p");
  }

  /**
   * Resolves with the screen as soon as it matches. Throws after `timeoutMs`
   * (default a minute) with what is on the screen instead.
   */
  async waitFor(pattern: RegExp, timeoutMs = PATIENCE_MS): Promise<string> {
    const deadline = systemClock.monotonicMs() + timeoutMs;
    for (;;) {
      const screen = await this.screen();
      if (pattern.test(screen)) return screen;
      if (systemClock.monotonicMs() > deadline) {
        throw new Error(`the screen never showed ${String(pattern)}; it shows\n${screen}`);
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** A value of tmux's own, such as `#{cursor_flag}` or `#{alternate_on}`. */
  async value(format: string): Promise<string> {
    return (await this.tmux("display-message", "-p", format)).trim();
  }

  /** Any command of tmux, at this terminal's server. Resolves with what it printed. */
  async tmux(...command: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("tmux", ["-u", "-L", this.socket, ...command], {
      env: this.#environment,
      timeout: COMMAND_TIMEOUT_MS,
    });
    return stdout;
  }

  /** Ends the terminal, which hangs up on all that runs in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // a server whose last shell has ended is gone already
    await this.tmux("kill-server").catch(() => undefined);
    // tmux leaves its socket's file behind
    const folder = join(process.env["TMUX_TMPDIR"] ?? "/tmp", `tmux-${process.getuid?.() ?? 0}`);
    await rm(join(folder, this.socket), { force: true });
  }
}

/** Opens a terminal on a server of its own. Throws where there is no tmux. */
export async function openTerminal(options: TerminalOptions = {}): Promise<Terminal> {
  const { TMUX: _outer, ...inherited } = process.env;
  const environment = { ...inherited, LC_ALL: "C.UTF-8", ENV: "", ...options.environment };
  await using stack = new AsyncDisposableStack();
  const terminal = stack.use(new Terminal(`understudy-${randomUUID()}`, environment));
  const size = ["-x", String(options.columns ?? 100), "-y", String(options.rows ?? 30)];
  const folder = options.cwd === undefined ? [] : ["-c", options.cwd];
  // No settings of whoever runs the tests; what Escape means is known at once.
  await terminal.tmux("-f", "/dev/null", "new-session", "-d", ...size, ...folder, "sh");
  await terminal.tmux("set-option", "-s", "escape-time", "0");
  // Which prompt the shell has depends on who runs it.
  await terminal.waitFor(/^.*[$#] ?$/m);
  stack.move();
  return terminal;
}
