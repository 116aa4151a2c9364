import { watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import {
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  sleepOrWake,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import {
  materialEnds,
  materialProblems,
  materialWarnings,
  type CheckOptions,
  type MaterialEnds,
} from "./check-material.ts";
import {
  isSameMaterial,
  NO_TLS_MATERIAL,
  readTlsFiles,
  type TlsFiles,
  type TlsMaterial,
  type TlsNames,
} from "./tls-files.ts";

/** Which files are kept current, and what for. */
export interface CertificateKeeperOptions {
  readonly files: TlsFiles;
  readonly names: TlsNames;
  readonly uses: NonNullable<CheckOptions["uses"]>;
  /** Under which others reach this process; null where nobody does. */
  readonly host: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the files are read, beside when the system tells of a change. Default 10 s. */
  readonly pollMs?: number;
  /** Called, once for each, with what a person should know: a change that was taken, one that was not, an end that comes near. */
  readonly onNews?: (news: CertificateNews) => void;
}

/** What has become of the files. */
export interface CertificateNews {
  readonly kind: "reloaded" | "refused" | "warning";
  readonly text: string;
}

/** What files hold, and why it can't be used; empty where it can. */
export interface ReadTls {
  readonly material: TlsMaterial;
  readonly problems: readonly string[];
}

const POLL_MS = 10_000;
/** Certificate and key are two files: between one and the other they do not fit. */
const SETTLE_MS = 1000;
/** A warning that stands is said again after so long. */
const REMIND_MS = 86_400_000;

/**
 * Keeps the contents of certificate files current: a change on the disk is taken without a restart. One that can't be used leaves the
 * former ones in force and is told, until it is put right.
 */
export class CertificateKeeper implements AsyncDisposable {
  readonly #options: CertificateKeeperOptions;
  readonly #loop: BackgroundLoop;
  readonly #woken = new ChangeSignal();
  readonly #listeners: (() => void)[] = [];
  readonly #watchers: readonly FSWatcher[];
  readonly #saidMs = new Map<string, number>();
  #material: TlsMaterial;
  #refused: { readonly of: string; readonly text: string } | null = null;

  /** Begins with what the files hold, whatever it is: check it before by `readCheckedTls`. */
  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#material = readTlsFiles(options.files, options.names).material;
    this.#watchers = this.#watch();
    this.#loop = new BackgroundLoop(
      (signal) => this.#keep(signal),
      (error) => options.logger.error({ event: "certificates-unwatched" }, messageOf(error)),
    );
  }

  /** The contents in force. Another object after each change. */
  get material(): TlsMaterial {
    return this.#material;
  }

  /** What a person should know now; empty where all is well. */
  warnings(): string[] {
    const { names, host, clock } = this.#options;
    const refused = this.#refused === null ? [] : [this.#refused.text];
    return [...refused, ...materialWarnings(this.#material, { names, host, nowMs: clock.nowMs() })];
  }

  /** When the contents in force end. */
  ends(): MaterialEnds {
    return materialEnds(this.#material);
  }

  /** Calls `listener`, which must not throw, whenever {@link material} has become another one. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Has the files read now instead of in a while. */
  look(): void {
    this.#woken.notify();
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, pollMs = POLL_MS } = this.#options;
    for (;;) {
      const woken = this.#woken.next();
      this.#remind();
      await sleepOrWake({ clock, ms: pollMs, woken, signal });
      if (this.#take() === null) continue;
      await clock.sleep(SETTLE_MS, signal);
      const broken = this.#take();
      if (broken !== null) this.#refuse(broken);
    }
  }

  /** Takes what the files hold now; answers with what can't be used and was not told yet. */
  #take(): ReadTls | null {
    const { material, problems } = this.#read();
    const seen = fingerprint(material, problems);
    if (isSameMaterial(material, this.#material)) {
      this.#refused = null;
      return null;
    }
    if (problems.length > 0) return this.#refused?.of === seen ? null : { material, problems };
    this.#refused = null;
    this.#material = material;
    for (const listener of this.#listeners) listener();
    const text = "the TLS certificates were changed: new connections use the new ones";
    this.#tell({ kind: "reloaded", text });
    return null;
  }

  #refuse({ material, problems }: ReadTls): void {
    const text = `the TLS files were changed but can't be used, so the former certificates stay in force: ${problems.join("; ")}`;
    this.#refused = { of: fingerprint(material, problems), text };
    this.#tell({ kind: "refused", text });
  }

  #read(): ReadTls {
    const { files, names, uses, clock } = this.#options;
    const read = readTlsFiles(files, names);
    if (read.problems.length > 0) return read;
    return { ...read, problems: materialProblems(read.material, { names, uses, nowMs: clock.nowMs() }) };
  }

  #remind(): void {
    const { names, host, clock } = this.#options;
    const nowMs = clock.nowMs();
    for (const text of materialWarnings(this.#material, { names, host, nowMs })) {
      // the days that are left stand in it
      const subject = text.replace(/, in .*/, "");
      if (nowMs - (this.#saidMs.get(subject) ?? Number.NEGATIVE_INFINITY) < REMIND_MS) continue;
      this.#saidMs.set(subject, nowMs);
      this.#tell({ kind: "warning", text });
    }
  }

  #tell(news: CertificateNews): void {
    const { logger, onNews } = this.#options;
    if (news.kind === "reloaded") logger.info({ event: "certificates-reloaded" }, news.text);
    else if (news.kind === "refused") logger.error({ event: "certificates-refused" }, news.text);
    else logger.warn({ event: "certificates-warning" }, news.text);
    onNews?.(news);
  }

  /** Of the folders, since files are most often replaced as a whole. Where the system can't tell, the poll does. */
  #watch(): FSWatcher[] {
    const { files } = this.#options;
    const paths = [files.ca, files.cert, files.key].filter((path) => path !== undefined);
    const watchers: FSWatcher[] = [];
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#woken.notify());
        watcher.on("error", () => watcher.close());
        watchers.push(watcher);
      } catch {
        // no such folder, or no more watches: the poll is there
      }
    }
    return watchers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    await this.#loop[Symbol.asyncDispose]();
  }
}

/** Reads files and checks them. Does not throw: every problem is told at once. */
export function readCheckedTls(files: TlsFiles, options: CheckOptions): ReadTls {
  const { material, problems } = readTlsFiles(files, options.names);
  const more = problems.length > 0 ? [] : materialProblems(material, options);
  const all = [...problems, ...more];
  return { material: all.length > 0 ? NO_TLS_MATERIAL : material, problems: all };
}

function fingerprint(material: TlsMaterial, problems: readonly string[]): string {
  return JSON.stringify([material.ca, material.cert, material.key, problems]);
}
