// Random valid values of every column type go in by each way that takes values, and come out exactly by each way that gives
// them, on the master and on a slave. UNDERSTUDY_PROPERTY_SEED runs it with other values; a failure names its seed.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { InputValue, OutputValue } from "@understudy/protocol";
import { startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import type { Sample } from "./column-kind.ts";
import { linesOf, openLines } from "./line-stream.ts";
import { randomColumns, type RandomColumn } from "./value-arbitraries.ts";

const SEED = Number(process.env["UNDERSTUDY_PROPERTY_SEED"] ?? 20_261_123);
const RUNS = Number(process.env["UNDERSTUDY_PROPERTY_RUNS"] ?? 12);
const ROWS_MAX = 8;

/** Values of one row, in the order of the columns. */
type Row = readonly Sample[];
type Meanings = Readonly<Record<string, unknown>>;

const NULL: Sample = { input: null, output: null };

/** A server compares a BIT column as the number that it is, and never with bytes. */
function wanted(name: string, { input, output }: Sample): InputValue {
  if (!name.startsWith("x_bit_") || output === null) return input;
  const value = BigInt(`0x${Buffer.from(String(output), "base64").toString("hex")}`);
  return { $type: "bigint", value: String(value) };
}

for (const flavour of testFlavours()) {
  describe(`values there and back on ${flavour}`, { timeout: 180_000 }, () => {
    let cluster: Cluster;
    let slave: ClusterNode;
    let columns: readonly RandomColumn[];
    let names: readonly string[];
    let nextId = 1;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1, logLevel: "info" });
      slave = cluster.firstSlave;
      columns = randomColumns(flavour, cluster.master.database.version);
      names = ["id", ...columns.map(({ name }) => name)];
      await cluster.master.post("/createdb", { name: "d" });
      const definitions = columns.map(({ name, definition }) => `${name} ${definition}`).join(", ");
      const created = await cluster.master.post("/createtable", {
        database: "d",
        table: "every",
        columns: `id INT PRIMARY KEY, ${definitions}`,
      });
      expect(created.status, created.text).toBe(201);
    });

    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
    });

    const take = (rows: readonly Row[]): [id: number, row: Row][] => rows.map((row) => [nextId++, row]);
    const recordOf = ([id, row]: [number, Row]): Record<string, InputValue> => ({
      id,
      ...Object.fromEntries(columns.map(({ name }, index) => [name, row[index]?.input ?? null])),
    });

    async function send(node: ClusterNode, path: string, body: object): Promise<void> {
      const answer = await node.post(path, { database: "d", ...body });
      expect([200, 201], answer.text.slice(0, 1_000)).toContain(answer.status);
    }

    /** Sends rows by each way, and gives them with their ids. */
    async function write(rows: readonly Row[]): Promise<[number, Row][]> {
      const [asRecords, positional, named, updated] = [take(rows), take(rows), take(rows), take(rows)];
      await send(slave, "/insert", { table: "every", records: asRecords.map(recordOf) });
      const head = `INSERT INTO every (${names.join(", ")}) VALUES `;
      await send(cluster.master, "/execute", {
        sql: head + positional.map(() => `(${names.map(() => "?").join(", ")})`).join(", "),
        params: positional.flatMap((row) => Object.values(recordOf(row))),
      });
      await send(slave, "/execute", {
        sql: head + named.map(([id]) => `(${names.map((name) => `:${name}_${id}`).join(", ")})`).join(", "),
        params: Object.fromEntries(
          named.flatMap((row) =>
            Object.entries(recordOf(row)).map(([name, value]) => [`${name}_${row[0]}`, value]),
          ),
        ),
      });
      await send(cluster.master, "/batch", {
        statements: updated.flatMap(([id, row]) => [
          { sql: "INSERT INTO every (id) VALUES (?)", params: [id] },
          {
            sql: `UPDATE every SET ${columns.map(({ name }) => `${name} = ?`).join(", ")} WHERE id = ?`,
            params: [...row.map(({ input }) => input), id],
          },
        ]),
      });
      return [...asRecords, ...positional, ...named, ...updated];
    }

    /** What a row means, by column. */
    function meaningOf(outputs: readonly (OutputValue | undefined)[]): Meanings {
      return Object.fromEntries(
        columns.map(({ name, meaning = (output: unknown) => output }, index) => [
          name,
          meaning(outputs[index]),
        ]),
      );
    }

    const objectMeaning = (row: Readonly<Record<string, unknown>>): Meanings =>
      meaningOf(columns.map(({ name }) => row[name] as OutputValue));

    /** The rows with these ids by each way, from one node. */
    async function read(node: ClusterNode, ids: readonly number[]): Promise<Record<string, Meanings[]>> {
      const [first, last] = [ids[0] ?? 0, ids.at(-1) ?? 0];
      const query = {
        sql: `SELECT ${names.join(", ")} FROM every WHERE id BETWEEN ? AND ? ORDER BY id`,
        params: [first, last],
        database: "d",
      };
      const select = {
        database: "d",
        table: "every",
        columns: names,
        where: { id: { $gte: first, $lte: last } },
        orderBy: [{ column: "id" }],
      };
      const objects = await node.post("/query", query);
      const arrays = await node.post("/query", { ...query, rows: "arrays" });
      const selected = await node.post("/select", select);
      const lines = await linesOf(await openLines(node, { body: { ...query, rows: "arrays" } }));
      for (const answer of [objects, arrays, selected]) {
        expect(answer.status, answer.text.slice(0, 1_000)).toBe(200);
      }
      const asObjects = (rows: unknown): Meanings[] =>
        (rows as Readonly<Record<string, unknown>>[]).map(objectMeaning);
      const asArrays = (rows: unknown): Meanings[] =>
        (rows as OutputValue[][]).map((row) => meaningOf(row.slice(1)));
      return {
        objects: asObjects(objects.body["rows"]),
        arrays: asArrays(arrays.body["rows"]),
        selected: asObjects(selected.body["rows"]),
        lines: asArrays(lines.slice(1, -1)),
      };
    }

    it("come back as they were sent", async () => {
      const rows = fc.array(fc.tuple(...columns.map(({ values }) => values)), {
        minLength: 1,
        maxLength: ROWS_MAX,
      });
      await fc.assert(
        fc.asyncProperty(rows, async (sent) => {
          const written = await write(sent);
          const expected = written.map(([, row]) => meaningOf(row.map(({ output }) => output)));
          const ids = written.map(([id]) => id);
          await cluster.waitForSync();
          for (const node of cluster.nodes) {
            for (const [way, found] of Object.entries(await read(node, ids))) {
              expect(found, `${way} of ${node.nodeId}`).toEqual(expected);
            }
          }
        }),
        {
          seed: SEED,
          numRuns: RUNS,
          plugins: [fc.interruptAfterTimeLimit(120_000, { failOnInterrupt: true })],
        },
      );
    });

    // of these types a value equals itself in SQL, whatever it is
    it("are found by what they are", async () => {
      const exact = columns.filter(({ name }) =>
        /^x_(?:bigint|unsigned|decimal|bit|datetime|time|varbinary|blob|boolean|double)/.test(name),
      );
      await fc.assert(
        fc.asyncProperty(fc.tuple(...exact.map(({ values }) => values)), async (sent) => {
          const id = nextId++;
          const valueOf = (make: (name: string, sample: Sample) => InputValue): Record<string, InputValue> =>
            Object.fromEntries(exact.map(({ name }, index) => [name, make(name, sent[index] ?? NULL)]));
          const record = { id, ...valueOf((_, { input }) => input) };
          await send(cluster.master, "/insert", { table: "every", record });
          const where = { id, ...valueOf(wanted) };
          const found = await cluster.master.post("/select", {
            database: "d",
            table: "every",
            columns: ["id"],
            where,
          });
          expect(found.body["rows"], found.text.slice(0, 1_000)).toEqual([{ id }]);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });
  });
}
