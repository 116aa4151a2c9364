import { must, until } from "./stack.mjs";

/** @typedef {import("./stack.mjs").Stack} Stack */
/** @typedef {keyof typeof import("./stack.mjs").NODE_PORTS} NodeName */

/** @type {readonly NodeName[]} */
const NODES = ["master", "slave1", "slave2"];
const TABLE = { database: "mydb", table: "users" };

/** A database, a table and rows, written at the master and through a slave, and read at a slave. @param {Stack} stack */
export async function walkThrough(stack) {
  await stack.node("master").get("/createdb", { name: "mydb" });
  await stack
    .node("master")
    .get("/createtable", { ...TABLE, columns: "id INT PRIMARY KEY, name VARCHAR(255)" });
  await stack.node("master").get("/insert", { ...TABLE, record: { id: 1, name: "Ada" } });
  const forwarded = await stack.node("slave1").get("/insert", { ...TABLE, record: { id: 2, name: "Alan" } });
  const read = await stack.node("slave2").get("/query", {
    sql: "SELECT name FROM users ORDER BY id",
    database: "mydb",
    after: forwarded.position,
  });
  must(read.node === "slave2" && read.rows.length === 2, `slave2 has both rows: ${JSON.stringify(read)}`);
  return "a row written at the master and one through slave1 are read at slave2";
}

/** The dashboard attaches to a slave, as people do. @param {Stack} stack */
export async function dashboard(stack) {
  const args = ["run", "--rm", "-T", "dashboard", "--once", "--node", "https://slave1:8084"];
  await until("the dashboard shows all nodes", async () => {
    const { code, output } = await stack.tryCompose(args);
    if (code !== 0) throw new Error(output);
    return NODES.every((node) => output.includes(node)) ? true : null;
  });
  return "the dashboard, attached to slave1, shows all three nodes, healthy";
}

/** All nodes have the same rows, those of the last write included. @param {Stack} stack @param {number} count */
export async function equal(stack, count) {
  const answers = await Promise.all(
    NODES.map((node) =>
      until(`${node} has ${count} rows`, async () => {
        const { rows } = await stack.node(node).get("/query", {
          sql: "SELECT * FROM users ORDER BY id",
          database: "mydb",
        });
        return rows.length === count ? JSON.stringify(rows) : null;
      }),
    ),
  );
  must(new Set(answers).size === 1, `all nodes have the same rows: ${answers.join(" / ")}`);
  return `all three nodes have the same ${count} rows`;
}

/** The master's container ends; another node takes over by itself, and confirms writes. @param {Stack} stack */
export async function killMaster(stack) {
  const killedAt = Date.now();
  await stack.compose(["kill", "master"]);
  await until(
    "a write is confirmed by a new master",
    async () => {
      const { status } = await stack.node("slave1").ask("/insert", {
        ...TABLE,
        record: { id: 3, name: "Grace" },
      });
      return status < 300 || status === 409 ? true : null;
    },
    60_000,
  );
  const seconds = ((Date.now() - killedAt) / 1000).toFixed(1);
  const { leader } = await stack.node("slave1").get("/cluster");
  must(
    leader?.nodeId === "slave1" || leader?.nodeId === "slave2",
    `a slave leads: ${JSON.stringify(leader)}`,
  );
  return `${leader.nodeId} leads, and has confirmed a write ${seconds} s after the kill`;
}

/** Without etcd a person's word replaces the master. @param {Stack} stack */
export async function killStaticMaster(stack) {
  await stack.compose(["kill", "master"]);
  const refused = await stack.node("slave1").ask("/insert", { ...TABLE, record: { id: 3, name: "Grace" } });
  must(refused.status === 503, `writes are refused without a master: ${JSON.stringify(refused)}`);
  const { rows } = await stack.node("slave2").get("/query", { sql: "SELECT * FROM users", database: "mydb" });
  must(rows.length === 2, "slaves go on reading");
  await stack.node("slave1").get("/cluster/failover", { acceptLoss: true });
  await until("slave1 takes writes", async () => {
    const { status } = await stack
      .node("slave1")
      .ask("/insert", { ...TABLE, record: { id: 3, name: "Grace" } });
    return status < 300 || status === 409 ? true : null;
  });
  return "slaves go on reading and refuse writes, until slave1 is made the master by hand";
}

/** `up` brings the old master back, as a slave. @param {Stack} stack */
export async function comeBack(stack) {
  await stack.up();
  const leader = await until("the old master follows", async () => {
    const view = await stack.node("master").get("/cluster");
    const self = view.members.find((/** @type {any} */ member) => member.nodeId === "master");
    return self?.role === "slave" && self.state === "up" ? view.leader.nodeId : null;
  });
  return `the old master is back, and follows ${leader}`;
}

/** A node takes a fresh copy of the data, with the programs of its image and the leader's. @param {Stack} stack */
export async function copy(stack) {
  const view = await stack.node("slave2").get("/cluster");
  const node = NODES.find((name) => name !== view.leader.nodeId) ?? "slave2";
  await stack.node(node).get(`/cluster/nodes/${node}/rebuild`, {});
  const job = await until(`${node} has taken a copy`, async () => {
    const { jobs } = await stack.node(node).get("/jobs");
    const last = jobs.find((/** @type {any} */ one) => one.kind === "rebuild");
    if (last?.state === "failed") throw new Error(`the copy failed: ${last.error}`);
    return last?.state === "done" ? last : null;
  });
  const seconds = (Date.parse(job.endedAt) - Date.parse(job.startedAt)) / 1000;
  return `${node} has taken a copy from ${view.leader.nodeId} in ${seconds.toFixed(1)} s`;
}

/** Everything stops and comes back, with its data. @param {Stack} stack */
export async function downAndUp(stack) {
  await stack.compose(["--profile", "*", "down"], 180_000);
  await stack.up();
  return "down and up: everything is healthy again";
}

/** Through HAProxy an ordinary client reaches the server of the node that leads. @param {Stack} stack */
export async function proxyIsUp(stack) {
  await stack.sql(
    "master-database",
    "CREATE USER shop@'%' IDENTIFIED BY 'shop'; GRANT ALL ON mydb.* TO shop@'%'",
  );
  await stack.up(["--profile", "proxy"]);
  const [master, slave] = await Promise.all([serverBehind(stack, 3306), serverBehind(stack, 3307)]);
  must(master === "1" && slave !== "1", `port 3306 leads to server 1, 3307 to another: ${master}, ${slave}`);
  return `HAProxy leads writers to server ${master} (the master's), readers to server ${slave}`;
}

/** After a failover HAProxy leads to the new master's server. @param {Stack} stack */
export async function proxyFollows(stack) {
  const { leader } = await stack.node("slave1").get("/cluster");
  const wanted = String(NODES.indexOf(leader.nodeId) + 1);
  await until(`HAProxy leads to server ${wanted}`, async () =>
    (await serverBehind(stack, 3306)) === wanted ? true : null,
  );
  await throughProxy(stack, 3306, "INSERT INTO mydb.users VALUES (4, 'Edsger')");
  return `HAProxy leads writers to server ${wanted} (${leader.nodeId}'s) now, and a row was written through it`;
}

/** @param {Stack} stack @param {number} port */
async function serverBehind(stack, port) {
  return (await throughProxy(stack, port, "SELECT @@server_id")).trim();
}

/**
 * With the client program that a node's image has, by TLS with a look at whose certificate it is.
 * @param {Stack} stack @param {number} port @param {string} sql
 */
function throughProxy(stack, port, sql) {
  const script = `login="--host=proxy --port=${port} --user=shop --batch --skip-column-names --ssl-ca=/run/secrets/database-ca.crt"
    export MYSQL_PWD=shop
    if command -v mariadb >/dev/null; then exec mariadb $login --ssl-verify-server-cert --execute="$1"
    else exec mysql $login --ssl-mode=VERIFY_IDENTITY --execute="$1"; fi`;
  return stack.compose(["exec", "-T", "slave2", "sh", "-c", script, "sh", sql]);
}

/** Prometheus reads all nodes and knows the alert rules. @param {Stack} stack */
export async function observability(stack) {
  await stack.compose(
    ["--profile", "observability", "up", "--detach", "--wait", "--wait-timeout", "120", "prometheus"],
    150_000,
  );
  const url = `http://${await stack.address("prometheus", 9090)}`;
  const up = await until("Prometheus reads all nodes", async () => {
    const { data } = await prometheus(`${url}/api/v1/targets`);
    const healthy = data.activeTargets.filter((/** @type {any} */ target) => target.health === "up");
    return healthy.length === NODES.length ? healthy.length : null;
  });
  const { data } = await prometheus(`${url}/api/v1/rules`);
  const rules = data.groups.flatMap((/** @type {any} */ group) => group.rules);
  must(rules.length > 0, "there are alert rules");
  const firing = await until("each rule was weighed", async () => {
    const { data: now } = await prometheus(`${url}/api/v1/rules`);
    const all = now.groups.flatMap((/** @type {any} */ group) => group.rules);
    if (!all.every((/** @type {any} */ rule) => rule.health === "ok")) return null;
    return all
      .filter((/** @type {any} */ rule) => rule.state === "firing" && rule.labels.severity === "critical")
      .map((/** @type {any} */ rule) => rule.name);
  });
  must(firing.length === 0, `no critical alert fires: ${firing.join(", ")}`);
  return `Prometheus reads ${up} nodes and weighs ${rules.length} alert rules`;
}

/** Grafana has the dashboard. Its image is large, and only asked for with --grafana. @param {Stack} stack */
export async function grafana(stack) {
  await stack.up(["--profile", "observability"]);
  const password = await stack.compose(["exec", "-T", "grafana", "cat", "/run/secrets/grafana-password"]);
  const authorization = `Basic ${btoa(`admin:${password.trim()}`)}`;
  const url = `http://${await stack.address("grafana", 3000)}/api/dashboards/uid/understudy`;
  const title = await until("Grafana has the dashboard", async () => {
    const response = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(10_000) });
    const { dashboard: found } = await response.json();
    return found?.title ?? null;
  });
  return `Grafana shows the dashboard "${title}"`;
}

/** @param {string} url @returns {Promise<any>} */
async function prometheus(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return response.json();
}
