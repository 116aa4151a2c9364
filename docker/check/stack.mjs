import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

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

const SECRETS = join(dirname(dirname(fileURLToPath(import.meta.url))), "secrets");

/** What is in a file of docker/secrets. @param {string} name */
export function secret(name) {
  return readFileSync(join(SECRETS, name), "utf8").trim();
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

  /** Where a service's port is published. @param {string} service @param {number} port Its own. @returns {Promise<string>} */
  async address(service, port) {
    const address = await this.compose(["port", service, String(port)]);
    return address.trim();
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

  /** Where the node is reached from this machine. */
  address() {
    return this.#stack.address(this.#node, NODE_PORTS[this.#node]);
  }

  /**
   * An answer, whatever its status. A body makes it a POST.
   * @param {string} path
   * @param {unknown} [body]
   * @param {string | null} [token] Null for none; the operator's where it is left out.
   * @returns {Promise<{ status: number, body: any }>}
   */
  async ask(path, body, token = secret("operator-token")) {
    const headers = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
    const options = {
      method: body === undefined ? "GET" : "POST",
      headers,
      ca: secret("ca.crt"),
      agent: false,
      signal: AbortSignal.timeout(30_000),
    };
    const url = `https://${await this.address()}${path}`;
    const { status, text } = await new Promise((resolve, reject) => {
      const asked = request(url, options, (answer) => {
        let read = "";
        answer.setEncoding("utf8").on("data", (chunk) => (read += chunk));
        answer.on("error", reject).on("end", () => resolve({ status: answer.statusCode ?? 0, text: read }));
      });
      asked.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
    return { status, body: /^[[{]/.test(text) ? JSON.parse(text) : text };
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
