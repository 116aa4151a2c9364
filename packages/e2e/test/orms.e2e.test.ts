// Drizzle and Kysely as people use them, unmodified, against every node.
import { Client } from "@planetscale/database";
import { asc, eq, sql as drizzleSql } from "drizzle-orm";
import { bigint, int, json, mysqlTable, varchar, boolean, datetime, decimal } from "drizzle-orm/mysql-core";
import { drizzle } from "drizzle-orm/planetscale-serverless";
import { Kysely, type Generated } from "kysely";
import { PlanetScaleDialect } from "kysely-planetscale";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { errorsInLog } from "./unharmed.ts";

const authors = mysqlTable("authors", {
  id: int().primaryKey().autoincrement(),
  name: varchar({ length: 100 }).notNull(),
  isAlive: boolean("is_alive").notNull(),
  words: bigint({ mode: "bigint", unsigned: true }).notNull(),
  royalty: decimal({ precision: 20, scale: 4 }).notNull(),
  born: datetime({ mode: "string", fsp: 3 }),
  tags: json().$type<readonly string[]>(),
});
const books = mysqlTable("books", {
  id: int().primaryKey().autoincrement(),
  authorId: int("author_id").notNull(),
  title: varchar({ length: 100 }).notNull(),
});

interface KyselyTables {
  readonly authors: {
    readonly id: Generated<number>;
    readonly name: string;
    readonly is_alive: number;
    readonly words: string;
    readonly royalty: string;
    readonly born: Date | null;
    readonly tags: unknown;
  };
  readonly books: { readonly id: Generated<number>; readonly author_id: number; readonly title: string };
}

const ADA = {
  name: "Ada 🎭 O'Lovelace",
  words: 18_446_744_073_709_551_615n,
  royalty: "1234567890123456.0001",
  tags: ["first", 'quoted "é"'],
};

for (const flavour of testFlavours()) {
  describe(`query builders on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1 });
      master = cluster.master;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shelf");
      await connection.query(`CREATE TABLE shelf.authors (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL UNIQUE,
        is_alive BOOLEAN NOT NULL, words BIGINT UNSIGNED NOT NULL, royalty DECIMAL(20, 4) NOT NULL, born DATETIME(3), tags JSON)`);
      await connection.query(`CREATE TABLE shelf.books (id INT PRIMARY KEY AUTO_INCREMENT, author_id INT NOT NULL,
        title VARCHAR(100) NOT NULL, FOREIGN KEY (author_id) REFERENCES authors (id))`);
      await cluster.waitForSync();
    });

    afterAll(async () => {
      try {
        for (const node of cluster.nodes) expect(await errorsInLog(node)).toEqual([]);
      } finally {
        await cluster[Symbol.asyncDispose]();
      }
    });

    const urlOf = (node: ClusterNode): string => node.url.replace("://", "://shelf:any@");
    const titles = async (): Promise<unknown[]> =>
      (await rowsOf(master, "SELECT title FROM shelf.books ORDER BY id")).map(({ title }) => title);
    const clear = async (): Promise<void> => {
      await using connection = await sql(master);
      await connection.query("DELETE FROM shelf.books");
      await connection.query("DELETE FROM shelf.authors");
      await cluster.waitForSync();
    };

    it("serve Drizzle: rows of all kinds, joins, transactions within transactions", async () => {
      for (const node of cluster.nodes) {
        const db = drizzle({ client: new Client({ url: urlOf(node) }) });
        const [inserted] = await db
          .insert(authors)
          .values({ ...ADA, isAlive: false, born: "1815-12-10 01:02:03.456" })
          .$returningId();
        const id = inserted?.id ?? 0;
        await db.insert(books).values({ authorId: id, title: "Notes" });
        const joined = await db
          .select()
          .from(books)
          .innerJoin(authors, eq(authors.id, books.authorId))
          .orderBy(asc(books.id));
        expect(joined).toMatchObject([
          {
            books: { title: "Notes" },
            authors: { ...ADA, id, isAlive: false, born: "1815-12-10 01:02:03.456" },
          },
        ]);
        await db.transaction(async (tx) => {
          await tx.insert(books).values({ authorId: id, title: "Outer" });
          const inner = tx.transaction(async (nested) => {
            await nested.insert(books).values({ authorId: id, title: "Inner" });
            throw new Error("only the inner one is undone");
          });
          await expect(inner).rejects.toThrow("only the inner one");
          expect(await tx.select({ n: drizzleSql<number>`count(*)`.mapWith(Number) }).from(books)).toEqual([
            { n: 2 },
          ]);
        });
        expect(await titles()).toEqual(["Notes", "Outer"]);
        const undone = db.transaction(async (tx) => {
          await tx.delete(books);
          tx.rollback();
        });
        await expect(undone).rejects.toThrow();
        expect(await titles()).toEqual(["Notes", "Outer"]);
        await expect(db.insert(authors).values({ ...ADA, isAlive: true })).rejects.toMatchObject({
          cause: { body: { code: "ALREADY_EXISTS", reason: "duplicate-key" } },
        });
        const updated = await db.update(authors).set({ born: null }).where(eq(authors.id, id));
        expect(updated.rowsAffected).toBe(1);
        expect(await db.select({ born: authors.born }).from(authors)).toEqual([{ born: null }]);
        await clear();
      }
    });

    it("serve Kysely: rows of all kinds, joins, transactions with an isolation level", async () => {
      for (const node of cluster.nodes) {
        const db = new Kysely<KyselyTables>({ dialect: new PlanetScaleDialect({ url: urlOf(node) }) });
        const born = new Date("1815-12-10T01:02:03.456Z");
        const { insertId, numInsertedOrUpdatedRows } = await db
          .insertInto("authors")
          .values({ ...ADA, words: String(ADA.words), is_alive: 1, born, tags: JSON.stringify(ADA.tags) })
          .executeTakeFirstOrThrow();
        expect(numInsertedOrUpdatedRows).toBe(1n);
        const id = Number(insertId);
        await db.insertInto("books").values({ author_id: id, title: "Notes" }).execute();
        const joined = await db
          .selectFrom("books")
          .innerJoin("authors", "authors.id", "books.author_id")
          .select(["title", "name", "is_alive", "words", "royalty", "born", "tags"])
          .execute();
        expect(joined).toEqual([
          {
            ...ADA,
            title: "Notes",
            is_alive: 1,
            words: String(ADA.words),
            born: expect.any(Date) as unknown,
          },
        ]);
        await db
          .transaction()
          .setIsolationLevel("read committed")
          .execute(async (tx) => {
            await tx.insertInto("books").values({ author_id: id, title: "More" }).execute();
            expect(await tx.selectFrom("books").select("title").forUpdate().execute()).toHaveLength(2);
          });
        expect(await titles()).toEqual(["Notes", "More"]);
        const undone = db.transaction().execute(async (tx) => {
          await tx.deleteFrom("books").execute();
          await tx.insertInto("books").values({ author_id: -1, title: "of nobody" }).execute();
        });
        await expect(undone).rejects.toMatchObject({ body: { reason: "constraint" } });
        expect(await titles()).toEqual(["Notes", "More"]);
        const { numUpdatedRows } = await db
          .updateTable("books")
          .set({ title: "All" })
          .executeTakeFirstOrThrow();
        expect(numUpdatedRows).toBe(2n);
        expect(await db.introspection.getTables()).toMatchObject([{ name: "authors" }, { name: "books" }]);
        await db.destroy();
        await clear();
      }
    });

    it.each(["client", "drizzle", "kysely"])("run the example of %s as it stands", async (name) => {
      const program = fileURLToPath(new URL(`../../../examples/${name}/src/main.ts`, import.meta.url));
      for (const node of cluster.nodes) {
        const { stdout } = await promisify(execFile)(process.execPath, [program], {
          env: { PATH: process.env["PATH"], UNDERSTUDY_URL: node.url },
          timeout: 30_000,
        });
        const opened = name === "drizzle" ? " 2026-01-31 23:59:59.125" : "";
        expect(stdout.replaceAll(/^ {2}\d+ /gm, "")).toBe(
          [
            `Opened:\nAda 100.00${opened}\nGrace 0.10${opened}`,
            `After a transfer:\nAda 0.10${opened}\nGrace 100.00${opened}`,
            `Refused: ${name === "client" ? "UnderstudyError" : "DatabaseError"}`,
            `As before:\nAda 0.10${opened}\nGrace 100.00${opened}\n`,
          ].join("\n"),
        );
      }
    });
  });
}
