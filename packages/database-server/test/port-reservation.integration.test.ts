import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { systemRandom } from "@understudy/kernel";
import { reservePort } from "../src/index.ts";

const program = fileURLToPath(new URL("./reserve-many.ts", import.meta.url));
const PORTS = 40;

/** A process that reserves ports from a seed. */
class Reserver implements AsyncDisposable {
  readonly #child;
  readonly ports: Promise<readonly number[]>;

  constructor(seed: number) {
    this.#child = spawn(process.execPath, [program, String(seed), String(PORTS)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: this.#child.stdout });
    this.ports = once(lines, "line").then(([line]) => JSON.parse(String(line)) as number[]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("reserved ports", () => {
  it("are chosen twice by no two processes that draw the same ones, and are free when their process is gone", async () => {
    // in a folder of their own: what is killed leaves its files behind
    await using folder = await mkdtempDisposable(join(tmpdir(), "understudy-reserved-"));
    vi.stubEnv("TMPDIR", folder.path);
    const seed = Math.floor(systemRandom() * 2 ** 31);
    await using one = new Reserver(seed);
    await using other = new Reserver(seed);
    const [ports, otherPorts] = await Promise.all([one.ports, other.ports]);
    expect(new Set([...ports, ...otherPorts]).size).toBe(2 * PORTS);
    for (const port of [...ports, ...otherPorts]) {
      expect(port).toBeGreaterThanOrEqual(20_000);
      expect(port).toBeLessThan(32_000);
    }
    const [port = 0] = ports;
    {
      await using mine = await reservePort({ preferred: port });
      expect(mine.port).not.toBe(port);
    }
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await using mine = await reservePort({ preferred: port });
    expect(mine.port).toBe(port);
  });

  it("belong to one holder within a process, too, until that gives them free", async () => {
    const first = await reservePort();
    const { port } = first;
    {
      await using second = await reservePort({ preferred: port });
      expect(second.port).not.toBe(port);
    }
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await using again = await reservePort({ preferred: port });
    expect(again.port).toBe(port);
    await first[Symbol.asyncDispose]();
    await using refused = await reservePort({ preferred: port });
    expect(refused.port).not.toBe(port);
  });

  it("are none that somebody listens on or that are excepted", async () => {
    const { port } = await released();
    await using excepted = await reservePort({ preferred: port, except: [port] });
    expect(excepted.port).not.toBe(port);
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    await using besides = await reservePort({ preferred: port });
    expect(besides.port).not.toBe(port);
    server.close();
    await once(server, "close");
    await using now = await reservePort({ preferred: port });
    expect(now.port).toBe(port);
  });
});

async function released(): Promise<{ readonly port: number }> {
  await using reservation = await reservePort();
  return reservation;
}
