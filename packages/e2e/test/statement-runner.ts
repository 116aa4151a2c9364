import { expect, vi } from "vitest";
import { expectAllEqual, rowsOf, sql, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectEqualObjects } from "./server-objects.ts";

const VIEW_WAIT = { timeout: 10_000, interval: 100 };

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Runs statements on a cluster in one database, by HTTP or past it, and compares all nodes. */
export class StatementRunner {
  readonly #cluster: Cluster;
  readonly #database: string;

  /** Use {@link openStatementRunner}. */
  constructor(cluster: Cluster, database: string) {
    this.#cluster = cluster;
    this.#database = database;
  }

  /** One after another through the API, at each node in turn. */
  async execute(...statements: readonly string[]): Promise<void> {
    const { nodes, master } = this.#cluster;
    for (const [index, statement] of statements.entries()) {
      const node = nodes[index % nodes.length] ?? master;
      const { status, text } = await node.post("/execute", { sql: statement, database: this.#database });
      expect(status, `${statement}: ${text}`).toBe(200);
    }
  }

  /** One after another in one session of root on the master's database server. */
  async direct(...statements: readonly string[]): Promise<void> {
    await using connection = await sql(this.#cluster.master);
    await connection.query("USE ??", [this.#database]);
    for (const statement of statements) {
      await connection.query(statement).catch((error: unknown) => {
        throw new Error(statement, { cause: error });
      });
    }
  }

  /** What `/execute` answers at a node. */
  async refused(node: ClusterNode, statement: string) {
    return node.post("/execute", { sql: statement, database: this.#database });
  }

  /** Expects that the master and a slave refuse it as `not-allowed`, for a reason that they name. */
  async expectNotAllowed(statement: string, reason: RegExp): Promise<void> {
    for (const node of this.#cluster.nodes.slice(0, 2)) {
      const answer = await this.refused(node, statement);
      expect(answer, statement).toMatchObject({ status: 400, body: { code: "not-allowed" } });
      expect(answer.body["detail"]).toMatch(reason);
    }
  }

  /** Tables, rows, and all other definitions. */
  async expectEverythingEqual(): Promise<void> {
    await expectAllEqual(this.#cluster);
    await expectEqualObjects(this.#cluster);
  }

  /** The same query on all database servers: its answer, which must be the same everywhere. */
  async everywhere(query: string): Promise<Rows> {
    const wanted = await rowsOf(this.#cluster.master, query);
    for (const slave of this.#cluster.slaves) {
      expect(await rowsOf(slave, query), slave.nodeId).toEqual(wanted);
    }
    return wanted;
  }

  /** Expects that every node still sees every other one up, and that nothing was ever broken. */
  async expectUnharmed(): Promise<void> {
    await this.#cluster.waitUntilReplicating();
    for (const node of this.#cluster.nodes) {
      // a slave hears every two seconds from the master who else is there
      await vi.waitFor(async () => {
        const members = (await node.get("/cluster")).body["members"] as readonly { readonly state: string }[];
        expect(
          members.map(({ state }) => state),
          node.nodeId,
        ).toEqual(["up", "up", "up"]);
      }, VIEW_WAIT);
      const events = (await node.get("/cluster/events?limit=1000")).body["events"] as Rows;
      const bad = events.filter(({ kind }) => kind === "replication-broken" || kind === "error");
      expect(bad, node.nodeId).toEqual([]);
    }
  }
}

/** Makes the database and a runner for it. */
export async function openStatementRunner(cluster: Cluster, database: string): Promise<StatementRunner> {
  const { status, text } = await cluster.master.post("/createdb", { name: database });
  expect(status, text).toBe(201);
  return new StatementRunner(cluster, database);
}
