import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { isObject, parseJson } from "@understudy/kernel";
import { isThemeName, type ThemeName } from "../theme/theme.ts";

/** What is kept between starts. */
export interface Settings {
  readonly theme: ThemeName;
  /** Id of the view that is shown first. */
  readonly startView: string;
  /** How often the attached node is asked. */
  readonly pollMs: number;
  /** Whether statements are kept in the history. */
  readonly keepsHistory: boolean;
}

/** Where nothing is kept yet. */
export const DEFAULT_SETTINGS: Settings = {
  theme: "dark",
  startView: "menu",
  pollMs: 1_000,
  keepsHistory: true,
};

/** Intervals of asking that can be chosen, in ms. */
export const POLL_CHOICES: readonly number[] = [500, 1_000, 2_000, 5_000, 10_000];

/** Statements kept of the history. */
const HISTORY_MAX = 1_000;

/** Keeps settings and the history of statements. Never throws: what can't be read is as if it were not there, what can't be kept is lost. */
export interface SettingsStore {
  /** Where things are kept; null where they are kept in memory alone. */
  readonly files: { readonly settings: string; readonly history: string } | null;
  /** False where the command line forbids a history, whatever the settings say. */
  readonly allowsHistory: boolean;
  read(): Settings;
  write(change: Partial<Settings>): void;
  /** The statements that were run, the newest last. */
  history(): readonly string[];
  remember(statement: string): void;
}

/** Folders after the XDG rules: `$XDG_CONFIG_HOME`, `$XDG_STATE_HOME`, or their defaults below the home. */
export function xdgFolders(env: NodeJS.ProcessEnv): { readonly config: string; readonly state: string } {
  const folder = (value: string | undefined, ...fallback: readonly string[]): string =>
    // The rules say that a relative path is to be left out of account.
    join(value?.startsWith("/") === true ? value : join(homedir(), ...fallback), "understudy");
  return {
    config: folder(env["XDG_CONFIG_HOME"], ".config"),
    state: folder(env["XDG_STATE_HOME"], ".local", "state"),
  };
}

/** Settings in `dashboard.json`, history in `history.ndjson`; each is put down whole, so that a reader never sees half of it. */
export function createSettingsStore(
  folders: { readonly config: string; readonly state: string },
  { keepsHistory }: { readonly keepsHistory: boolean },
): SettingsStore {
  const settingsFile = join(folders.config, "dashboard.json");
  const historyFile = join(folders.state, "history.ndjson");
  const readFile = (): Settings => settingsOf(parseJson(readText(settingsFile)));
  // Drawing asks for it: the file is read once, and again before each change, since another dashboard may have written it.
  let kept: Settings | null = null;
  const read = (): Settings => (kept ??= readFile());
  const history = (): readonly string[] =>
    readText(historyFile)
      .split("\n")
      .map(parseJson)
      .filter((one) => typeof one === "string")
      .slice(-HISTORY_MAX);
  return {
    files: { settings: settingsFile, history: historyFile },
    allowsHistory: keepsHistory,
    read,
    write: (change) => {
      kept = { ...readFile(), ...change };
      putDown(settingsFile, `${JSON.stringify(kept, undefined, 2)}\n`);
    },
    history,
    remember: (statement) => {
      if (!keepsHistory || !read().keepsHistory) return;
      const known = history();
      if (statement.trim() === "" || known.at(-1) === statement) return;
      const lines = [...known, statement].slice(-HISTORY_MAX).map((one) => JSON.stringify(one));
      putDown(historyFile, `${lines.join("\n")}\n`);
    },
  };
}

/** Keeps everything in memory alone. */
export function memorySettings(settings: Settings = DEFAULT_SETTINGS): SettingsStore {
  let kept = settings;
  const statements: string[] = [];
  return {
    files: null,
    allowsHistory: true,
    read: () => kept,
    write: (change) => void (kept = { ...kept, ...change }),
    history: () => statements,
    remember: (statement) => void (kept.keepsHistory && statements.push(statement)),
  };
}

function settingsOf(json: unknown): Settings {
  if (!isObject(json)) return DEFAULT_SETTINGS;
  const { theme, startView, pollMs, keepsHistory } = { ...DEFAULT_SETTINGS, ...json } as Readonly<
    Record<string, unknown>
  >;
  return {
    theme: typeof theme === "string" && isThemeName(theme) ? theme : DEFAULT_SETTINGS.theme,
    startView: typeof startView === "string" ? startView : DEFAULT_SETTINGS.startView,
    pollMs: typeof pollMs === "number" && POLL_CHOICES.includes(pollMs) ? pollMs : DEFAULT_SETTINGS.pollMs,
    keepsHistory: typeof keepsHistory === "boolean" ? keepsHistory : DEFAULT_SETTINGS.keepsHistory,
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Only the user may read it: statements may hold secrets. */
function putDown(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, file);
  } catch {
    // A dashboard that can't keep its theme is still a dashboard.
  }
}
