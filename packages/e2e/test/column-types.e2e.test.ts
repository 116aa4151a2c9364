// 100,000 rows with a column of every type that a flavour has, written by HTTP and by a plain mysql client: equal on all
// nodes, and read back by HTTP as they were written.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom } from "@understudy/kernel";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { columnKinds, GENERATED_COLUMNS } from "./column-catalogue.ts";
import { anyBytes, charsetOf, type ColumnKind } from "./column-kind.ts";
import { runMysqlClient } from "./mysql-client.ts";
import { clientText, makeRows, outputOf, recordOf, type Row } from "./row-pool.ts";

const ROWS = 100_000;
/** So many rows are written by each of the three ways through HTTP, the others by the client. */
const INSERT_ROWS = 6_000;
const EXECUTE_ROWS = 2_000;
const BATCH_ROWS = 2_000;
/** Different rows; they are written again and again under other ids. */
const POOL_ROWS = 2_000;
const CLIENT_ROWS_PER_STATEMENT = 500;
const BLOB_BYTES = 20 * 1024 * 1024;
/** A blob of 20 MB is 27 MB of base64. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

for (const flavour of testFlavours()) {
  describe(`columns of every type on ${flavour}`, { timeout: 180_000 }, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;
    let kinds: readonly ColumnKind[];
    let pool: readonly Row[];
    let nextId = 0;

    beforeAll(async () => {
      cluster = await startCluster({
        flavour,
        slaves: 2,
        logLevel: "info",
        environment: { UNDERSTUDY_BODY_LIMIT_BYTES: String(BODY_LIMIT_BYTES) },
      });
      master = cluster.master;
      slave = cluster.firstSlave;
      kinds = columnKinds(flavour, master.database.version);
      pool = makeRows(kinds, { count: POOL_ROWS, seed: 20_260_131 });
      expect((await master.post("/createdb", { name: "types" })).status).toBe(201);
      const columns = [...kinds, ...GENERATED_COLUMNS]
        .map(({ name, definition }) => `${name} ${definition}`)
        .join(", ");
      expect(
        await master.post("/createtable", {
          database: "types",
          table: "every",
          columns: `id INT PRIMARY KEY, ${columns}`,
        }),
      ).toMatchObject({ status: 201 });
      expect(
        await master.post("/createtable", {
          database: "types",
          table: "huge",
          columns: "id INT PRIMARY KEY, content LONGBLOB",
        }),
      ).toMatchObject({ status: 201 });
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    /** The next rows, each under an id of its own. */
    function take(count: number): { readonly id: number; readonly row: Row }[] {
      return Array.from({ length: count }, () => {
        const id = nextId++;
        const row = pool[id % POOL_ROWS];
        if (!row) throw new Error("the pool is empty");
        return { id, row };
      });
    }

    function names(): string[] {
      return ["id", ...kinds.map(({ name }) => name)];
    }

    function insertOf(rows: readonly { readonly id: number; readonly row: Row }[]) {
      const marks = `(${names()
        .map(() => "?")
        .join(", ")})`;
      return {
        sql: `INSERT INTO types.every (${names().join(", ")}) VALUES ${rows.map(() => marks).join(", ")}`,
        params: rows.flatMap(({ id, row }) => Object.values(recordOf(id, row))),
      };
    }

    it("takes rows by /insert, at the master and at a slave", async () => {
      for (let done = 0; done < INSERT_ROWS; done += 200) {
        const node = done % 400 === 0 ? master : slave;
        const answer = await node.post("/insert", {
          database: "types",
          table: "every",
          records: take(200).map(({ id, row }) => recordOf(id, row)),
        });
        expect(answer.status, answer.text.slice(0, 500)).toBe(201);
        expect(answer.body["affectedRows"]).toBe(200);
      }
    });

    it("takes rows by /execute with tagged parameters", async () => {
      for (let done = 0; done < EXECUTE_ROWS; done += 100) {
        const answer = await master.post("/execute", insertOf(take(100)));
        expect(answer.status, answer.text.slice(0, 500)).toBe(200);
        expect(answer.body["affectedRows"]).toBe(100);
      }
    });

    it("takes rows by /batch", async () => {
      for (let done = 0; done < BATCH_ROWS; done += 200) {
        const statements = Array.from({ length: 20 }, () => insertOf(take(10)));
        const answer = await slave.post("/batch", { statements });
        expect(answer.status, answer.text.slice(0, 500)).toBe(200);
        expect(answer.body["results"]).toHaveLength(20);
      }
    });

    it("takes the other rows from a plain mysql client on the master's server", async () => {
      const texts = pool.map(clientText);
      function* statements(): Generator<string> {
        yield "SET time_zone='+00:00';\n";
        while (nextId < ROWS) {
          const rows = take(Math.min(CLIENT_ROWS_PER_STATEMENT, ROWS - nextId));
          const values = rows.map(({ id }) => `(${id},${texts[id % POOL_ROWS]})`);
          yield `INSERT INTO types.every (${names().join(",")}) VALUES ${values.join(",")};\n`;
        }
        yield "SELECT COUNT(*) FROM types.every;\n";
      }
      expect((await runMysqlClient(master, statements())).trim()).toBe(String(ROWS));
    });

    function hugeContent(seed: number): Buffer {
      const part = anyBytes(4096, 4096, seededRandom(seed));
      return Buffer.concat(Array<Uint8Array>(BLOB_BYTES / part.length).fill(part));
    }

    /** SHA-256 of the blobs that a slave has, by id. */
    async function hugeOnSlave(): Promise<Record<string, string>> {
      await cluster.waitForSync();
      const { status, body, text } = await slave.post("/query", {
        sql: "SELECT id, SHA2(content, 256) AS digest FROM types.huge ORDER BY id",
      });
      expect(status, text.slice(0, 500)).toBe(200);
      const rows = body["rows"] as readonly { readonly id: number; readonly digest: string }[];
      return Object.fromEntries(rows.map(({ id, digest }) => [id, digest]));
    }

    it("takes blobs of 20 MB by the client", async () => {
      const content = hugeContent(1);
      await runMysqlClient(master, [
        `INSERT INTO types.huge VALUES (1, x'${content.toString("hex")}');\n`,
        "INSERT INTO types.huge SELECT 2, CONCAT(content, content) FROM types.huge WHERE id = 1;\n",
        "UPDATE types.huge SET content = CONCAT(content, 'more') WHERE id = 1;\n",
      ]);
      expect(await hugeOnSlave()).toMatchObject({
        1: sha256(content, Buffer.from("more")),
        2: sha256(content, content),
      });
    });

    it("takes a statement of 27 MB by /execute, and gives the blob back by /query", async () => {
      const content = hugeContent(2);
      const value = content.toString("base64");
      const sent = await slave.post("/execute", {
        sql: "INSERT INTO types.huge VALUES (3, FROM_BASE64(:value))",
        params: { value },
      });
      expect(sent.status, sent.text.slice(0, 500)).toBe(200);
      expect(await hugeOnSlave()).toMatchObject({ 3: sha256(content) });
      const { body } = await slave.post("/query", { sql: "SELECT content FROM types.huge WHERE id = 3" });
      const [row] = body["rows"] as readonly { readonly content: string }[];
      expect(row?.content === value).toBe(true);
    });

    // a check by one regular expression over the whole text would run out of stack from about 4 MB on
    it("takes blobs of 20 MB as tagged parameters", async () => {
      const content = hugeContent(3);
      const sent = await slave.post("/execute", {
        sql: "INSERT INTO types.huge VALUES (4, :content)",
        params: { content: { $type: "blob", value: content.toString("base64") } },
      });
      expect(sent.status, sent.text.slice(0, 500)).toBe(200);
      expect(await hugeOnSlave()).toMatchObject({ 4: sha256(content) });
    });

    it("has all rows equal on all nodes", async () => {
      await expectAllEqual(cluster);
      for (const node of cluster.nodes) {
        expect(await rowsOf(node, "SELECT COUNT(*) AS n FROM types.every"), node.nodeId).toEqual([
          { n: ROWS },
        ]);
      }
    });

    // the first ids hold each column's extremes; the last ones came through the client
    it.each([
      ["by HTTP", 0],
      ["by the client", ROWS - POOL_ROWS],
    ])("gives back on a slave, typed, what was written %s", async (_, first) => {
      const last = first + 299;
      const columns = [...names(), ...GENERATED_COLUMNS.map(({ name }) => name)];
      const { status, body, text } = await slave.post("/query", {
        sql: `SELECT ${columns.join(", ")} FROM types.every WHERE id BETWEEN ? AND ? ORDER BY id`,
        params: [first, last],
      });
      expect(status, text.slice(0, 500)).toBe(200);
      expect(body["columns"]).toEqual([
        { name: "id", type: "INT", nullable: false, charset: null },
        ...[...kinds, ...GENERATED_COLUMNS].map(({ name, type }) => ({
          name,
          type,
          nullable: true,
          charset: charsetOf(type),
        })),
      ]);
      const rows = body["rows"] as readonly Record<string, unknown>[];
      expect(rows).toHaveLength(300);
      rows.forEach((row, index) => {
        const id = first + index;
        const written = pool[id % POOL_ROWS];
        if (!written) throw new Error("the pool is empty");
        expect(row).toEqual(outputOf(id, written, GENERATED_COLUMNS));
      });
    });

    it("leaves invisible columns out of SELECT *", async () => {
      const { body } = await slave.post("/query", { sql: "SELECT * FROM types.every WHERE id = 0" });
      const [row] = body["rows"] as readonly Record<string, unknown>[];
      expect(row).toHaveProperty("id", 0);
      expect(row).not.toHaveProperty("h_hidden");
    });
  });
}

function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
