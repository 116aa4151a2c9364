import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { holdStill } from "@understudy/database-server";
import { request } from "undici";

const READY_WAIT_MS = 60_000;
const POLL_MS = 50;

/** One etcd process of a test, which can be ended and started again. */
export class EtcdMember implements AsyncDisposable {
  readonly url: string;
  readonly #metricsUrl: string;
  readonly #command: readonly string[];
  #child: ChildProcess | null = null;
  #log = "";

  constructor(options: {
    readonly url: string;
    readonly metricsUrl: string;
    readonly command: readonly string[];
  }) {
    this.url = options.url;
    this.#metricsUrl = options.metricsUrl;
    this.#command = options.command;
  }

  /** Does not wait: a first member answers only when most of the others do. */
  start(): void {
    const child = spawn("etcd", this.#command, { stdio: ["ignore", "ignore", "pipe"] });
    child.on("error", (error) => (this.#log += error.message));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-8_000);
    });
    this.#child = child;
  }

  async untilReady(): Promise<void> {
    const deadlineMs = performance.now() + READY_WAIT_MS;
    while (performance.now() < deadlineMs) {
      if (this.#child?.exitCode !== null) throw new Error(`etcd ended:\n${this.#log}`);
      if (await this.#isHealthy()) return;
      await delay(POLL_MS);
    }
    throw new Error(`etcd is not ready:\n${this.#log}`);
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const answer = await request(`${this.#metricsUrl}/health`, { headersTimeout: 2_000 });
      return (await answer.body.text()).includes("true");
    } catch {
      return false;
    }
  }

  async killHard(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Resolves when all of it stands still; its connections stay open. */
  async freeze(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("etcd does not run");
    await holdStill(pid);
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killHard();
  }
}
