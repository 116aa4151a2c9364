import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { must, run, secret, until } from "./stack.mjs";

/** @typedef {import("./stack.mjs").Stack} Stack */

const FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the README of the containers has people type. @param {Stack} stack */
export async function curl(stack) {
  const config = join(FOLDER, "secrets", "curl");
  const ran = await run([
    "curl",
    "--config",
    config,
    `https://${await stack.node("slave1").address()}/cluster`,
  ]);
  must(ran.code === 0, `curl works with its configuration: ${ran.output}`);
  const { members, warnings } = JSON.parse(ran.stdout);
  must(members.length === 3 && warnings.length === 0, `three members, no warning: ${ran.stdout}`);
  return "curl with its configuration is answered, and no node warns of anything";
}

/** Each token opens what it is for, and nothing is open without. @param {Stack} stack */
export async function strangers(stack) {
  const node = stack.node("master");
  const query = { sql: "SELECT 1" };
  /** @type {readonly [string, string | null, string, unknown, number][]} */
  const cases = [
    ["nobody", null, "/cluster", undefined, 401],
    ["nobody", null, "/query", query, 401],
    ["nobody", null, "/metrics", undefined, 401],
    ["nobody", null, "/health/ready", undefined, 200],
    ["the application", "app-token", "/query", query, 200],
    ["the application", "app-token", "/createdb", { name: "other" }, 403],
    ["the application", "app-token", "/cluster/failover", { acceptLoss: true }, 403],
    ["Prometheus", "monitor-token", "/metrics", undefined, 200],
    ["Prometheus", "monitor-token", "/query", query, 403],
    ["a node", "node-token", "/query", query, 403],
    // with a node's token, but without a node's certificate
    ["a stranger", "node-token", "/replicate/position", undefined, 403],
  ];
  for (const [who, token, path, body, wanted] of cases) {
    const { status, body: told } = await node.ask(path, body, token === null ? null : secret(token));
    must(
      status === wanted,
      `${who} gets ${wanted} of ${path}: ${status} ${JSON.stringify(told).slice(0, 300)}`,
    );
  }
  const plain = await fetch(`http://${await node.address()}/cluster`, {
    signal: AbortSignal.timeout(10_000),
  });
  must(plain.status === 400, `plain HTTP is refused: ${plain.status}`);
  return "strangers are refused, tokens open what they are for, a node's token alone makes no node";
}

/** A token that is made with the image counts at once, and one that is revoked does not. @param {Stack} stack */
export async function newToken(stack) {
  const [image = ""] = (await stack.compose(["config", "--images"]))
    .split("\n")
    .filter((line) => line.includes("master"));
  const token = async (/** @type {readonly string[]} */ words) => {
    const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
    const mounted = `${join(FOLDER, "secrets", "access")}:/access`;
    const docker = ["docker", "run", "--rm", "--user", owner, "--volume", mounted, image];
    const ran = await run([...docker, "token", ...words, "--file", "/access/tokens.json"]);
    must(ran.code === 0, `token ${words.join(" ")} works: ${ran.output}`);
    return ran.stdout.trim();
  };
  const made = await token(["create", "--name", "check", "--rights", "read"]);
  const answer = (/** @type {number} */ wanted) =>
    until(`the token gets ${wanted}`, async () => {
      const { status } = await stack.node("slave2").ask("/query", { sql: "SELECT 1" }, made);
      return status === wanted ? true : null;
    });
  await answer(200);
  await token(["revoke", "--name", "check"]);
  await answer(401);
  return "a token that was made counts without a restart, and no more after it was revoked";
}

/** Database servers take no connection in plain, also not from within. @param {Stack} stack */
export async function noPlainDatabase(stack) {
  const script = `login="--host=database --user=understudy"; export MYSQL_PWD="$(cat /run/secrets/database-password)"
    if command -v mariadb >/dev/null; then exec mariadb $login --skip-ssl --execute="SELECT 1"
    else exec mysql $login --ssl-mode=DISABLED --execute="SELECT 1"; fi`;
  const { code, output } = await stack.tryCompose(["exec", "-T", "master-database", "sh", "-c", script]);
  must(code !== 0 && /secure.transport/i.test(output), `a plain connection is refused: ${output}`);
  return "the database server refuses connections in plain";
}

/** Certificates that are signed anew are shown without a restart. @param {Stack} stack */
export async function renew(stack) {
  const [host = "", port = ""] = (await stack.node("slave1").address()).split(":");
  const before = await serialAt(host, Number(port));
  const { status, stderr } = spawnSync(join(FOLDER, "make-secrets.sh"), ["--renew"], { encoding: "utf8" });
  must(status === 0, `make-secrets.sh --renew works: ${stderr}`);
  await until("slave1 shows its new certificate", async () =>
    (await serialAt(host, Number(port))) === before ? null : true,
  );
  return "a certificate that was signed anew is shown without a restart";
}

/** @param {string} host @param {number} port @returns {Promise<string>} */
function serialAt(host, port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca: secret("ca.crt"), timeout: 10_000 }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject).on("timeout", () => socket.destroy(new Error("it took too long")));
  });
}
