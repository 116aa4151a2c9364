import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {object} Ran
 * @property {number} code
 * @property {string} stdout
 * @property {string} output What it wrote to either stream.
 */

/**
 * Runs a program to its end. Rejects only where it can't be started or takes too long.
 * @param {readonly string[]} command
 * @param {{ timeoutMs?: number, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Ran>}
 */
export function run(command, { timeoutMs = 60_000, env = process.env } = {}) {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (signal === null) resolve({ code: code ?? 1, stdout, output });
      else reject(new Error(`${command.join(" ")} took longer than ${timeoutMs} ms:\n${output}`));
    });
  });
}

/** One compose file, brought up under a project name and ports of its own. */
export class Stack {
  /** @type {readonly string[]} */
  #compose;
  /** @type {NodeJS.ProcessEnv} */
  #env;

  /** @param {string} file */
  constructor(file) {
    this.#compose = ["docker", "compose", "--file", file, "--project-name", "understudy-check"];
    const anyPort = ["MASTER", "SLAVE1", "SLAVE2", "PROXY_MASTER", "PROXY_SLAVES", "PROMETHEUS", "GRAFANA"];
    this.#env = { ...process.env, ...Object.fromEntries(anyPort.map((name) => [`${name}_PORT`, "0"])) };
  }

  /**
   * `docker compose …`; what it prints; rejects with that where it fails.
   * @param {readonly string[]} args
   */
  async compose(args, timeoutMs = 60_000) {
    const ran = await this.tryCompose(args, timeoutMs);
    if (ran.code !== 0) throw new Error(`docker compose ${args.join(" ")} failed:\n${ran.output}`);
    return ran.stdout;
  }

  /** @param {readonly string[]} args */
  tryCompose(args, timeoutMs = 60_000) {
    return run([...this.#compose, ...args], { timeoutMs, env: this.#env });
  }

  /** Brings services up, all where none is named, and waits until they are healthy. @param {readonly string[]} args */
  up(args = []) {
    return this.compose([...args, "up", "--detach", "--wait", "--wait-timeout", "300"], 330_000);
  }

  /** @param {string} service @param {number} port Its own. @returns {Promise<string>} */
  async url(service, port) {
    const address = await this.compose(["port", service, String(port)]);
    return `http://${address.trim()}`;
  }

  /** @param {keyof typeof NODE_PORTS} name */
  node(name) {
    return new NodeApi(this, name);
  }

  /** SQL on a database server, as root, with the server's own client. @param {string} service @param {string} sql */
  sql(service, sql) {
    const script = `client=$(command -v mysql || command -v mariadb)
      MYSQL_PWD="$(cat /run/secrets/database-password)" exec "$client" --user=root --batch --skip-column-names --execute="$1"`;
    return this.compose(["exec", "-T", service, "sh", "-c", script, "sh", sql]);
  }
}

/** The ports that the nodes listen on in their containers. */
export const NODE_PORTS = { master: 8083, slave1: 8084, slave2: 8085 };

/** The HTTP API of one node, through its published port. */
class NodeApi {
  /** @type {Stack} */
  #stack;
  /** @type {keyof typeof NODE_PORTS} */
  #node;

  /** @param {Stack} stack @param {keyof typeof NODE_PORTS} node */
  constructor(stack, node) {
    this.#stack = stack;
    this.#node = node;
  }

  /**
   * An answer, whatever its status. A body makes it a POST.
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<{ status: number, body: any }>}
   */
  async ask(path, body) {
    const response = await fetch(`${await this.#stack.url(this.#node, NODE_PORTS[this.#node])}${path}`, {
      ...(body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: await response.json() };
  }

  /** As `ask`; rejects where the answer is not a good one. @param {string} path @param {unknown} [body] */
  async get(path, body) {
    const answer = await this.ask(path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${path} at ${this.#node}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/**
 * Asks again until the answer is something, and gives up after a time with the last reason.
 * @template T
 * @param {string} what
 * @param {() => Promise<T | null>} question
 * @param {number} [timeoutMs]
 * @returns {Promise<T>}
 */
export async function until(what, question, timeoutMs = 90_000) {
  const deadline = Date.now() + timeoutMs;
  let last = "";
  while (Date.now() < deadline) {
    try {
      const answer = await question();
      if (answer !== null) return answer;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(200);
  }
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}${last && ` (${last})`}`);
}

/** @param {boolean} condition @param {string} what */
export function must(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}
