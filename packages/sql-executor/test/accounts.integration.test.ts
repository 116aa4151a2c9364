// The two accounts that client SQL runs under: made by the executor, with passwords of chance, outside the binlog, and used for
// whatever a client sends.
import { createConnection } from "mysql2/promise";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlExecutor } from "../src/index.ts";
import { openExecutor } from "./open-executor.ts";

const READER = "understudy_reader@%";
const APPLICATION = "understudy_app@%";
const WHO = "SELECT CURRENT_USER() AS who";
const POSITION = { mysql: "@@GLOBAL.gtid_executed", mariadb: "@@GLOBAL.gtid_binlog_pos" } as const;

for (const flavour of testFlavours()) {
  describe(`accounts on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;

    const admin = async (sql: string): Promise<string[]> =>
      await executor.withAdmin(async (session) =>
        (await session.rows(sql)).map((row) => Object.values(row).map(String).join(" ")),
      );
    const position = async (): Promise<string[]> => await admin(`SELECT ${POSITION[flavour]} AS position`);
    const passwords = async (): Promise<string[]> =>
      await admin(
        "SELECT user, authentication_string FROM mysql.user WHERE user LIKE 'understudy%' ORDER BY 1",
      );
    const written = async (): Promise<string[]> => await admin("SELECT who FROM d.t ORDER BY id");

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server);
      await executor.execute({ sql: "CREATE DATABASE d" });
      await executor.execute({
        sql: "CREATE TABLE d.t (id INT PRIMARY KEY AUTO_INCREMENT, who VARCHAR(100))",
      });
    });

    afterAll(async () => {
      await executor[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    test("the node's own is root, so that another is seen where it is used", async () => {
      expect(await admin(WHO)).toEqual([expect.stringMatching(/^root@/)]);
    });

    test("what reads runs under the reader account", async () => {
      expect((await executor.query({ sql: WHO })).rows).toEqual([{ who: READER }]);
      await using stream = await executor.stream({ sql: WHO });
      const pieces = await Array.fromAsync(stream.pieces());
      expect(pieces.flat()).toEqual([{ who: READER }]);
    });

    test("what changes runs under the application account, in a batch and in a transaction as well", async () => {
      const sql = "INSERT INTO d.t (who) VALUES (CURRENT_USER())";
      await executor.execute({ sql });
      const { results } = await executor.batch({ statements: [{ sql }, { sql: WHO }] });
      expect(results[1]).toMatchObject({ rows: [{ who: APPLICATION }] });
      await using transaction = await executor.openTransaction({});
      await transaction.execute({ sql });
      expect((await transaction.query({ sql: WHO })).rows).toEqual([{ who: APPLICATION }]);
      await transaction.commit();
      expect(await written()).toEqual([APPLICATION, APPLICATION, APPLICATION]);
    });

    test("they come and are made anew without a trace in the binlog", async () => {
      const before = await position();
      const kept = await passwords();
      expect(before[0]).not.toBe("");
      await using second = await openExecutor(server);
      await second.refreshAccounts();
      expect(await position()).toEqual(before);
      // they were made anew: their passwords are others
      expect(await passwords()).not.toEqual(kept);
      await second.execute({ sql: "INSERT INTO d.t (who) VALUES ('x')" });
      expect(await position()).not.toEqual(before);
      await executor.refreshAccounts();
    });

    test("nobody logs in as them with a password that can be guessed", async () => {
      for (const user of ["understudy_app", "understudy_reader"]) {
        for (const password of ["", user, "understudy"]) {
          const { hostname: host, port } = new URL(server.url);
          const login = createConnection({ host, port: Number(port), user, password });
          await expect(login, `${user} ${password}`).rejects.toMatchObject({
            code: "ER_ACCESS_DENIED_ERROR",
          });
        }
      }
    });
  });
}
