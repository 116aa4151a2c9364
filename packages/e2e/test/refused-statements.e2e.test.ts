// Statements that a client may not send: each is refused at every endpoint that takes SQL, and changes nothing at all on the server.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { Flavour } from "@understudy/protocol";
import { sql, type Answer, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { watchMaster } from "./watch-master.ts";

/** Rightful at /execute, but not at /query. */
const WRITES = [
  "INSERT INTO shop.t VALUES (9, 'x')",
  "insert into shop.t values (9, 'x')",
  "/* SELECT */ INSERT INTO shop.t VALUES (9, 'x')",
  "-- SELECT\nINSERT INTO shop.t VALUES (9, 'x')",
  "# SELECT 1\nDELETE FROM shop.t",
  "/*! INSERT INTO shop.t VALUES (9, 'x') */",
  "/*!40000 DELETE */ FROM shop.t",
  "\t\r\n UPDATE shop.t SET a = 'x'",
  "\u000c DELETE FROM shop.t",
  "REPLACE INTO shop.t VALUES (1, 'x')",
  "DELETE FROM shop.t",
  "TRUNCATE TABLE shop.t",
  "TRUNCATE shop.t",
  "WITH c AS (SELECT 1 AS id) DELETE FROM shop.t WHERE id IN (SELECT id FROM c)",
  "WITH c AS (SELECT 1 AS id) UPDATE shop.t, c SET t.a = 'x' WHERE t.id = c.id",
  "CREATE TABLE shop.copy AS SELECT * FROM shop.t",
  "CREATE TABLE shop.copy LIKE shop.t",
  "CREATE DATABASE fresh",
  "CREATE VIEW shop.w AS SELECT 1",
  "CREATE INDEX i ON shop.t (a)",
  "ALTER TABLE shop.t ADD COLUMN b INT",
  "DROP TABLE shop.t",
  "DROP DATABASE shop",
  "RENAME TABLE shop.t TO shop.u",
  "CALL shop.writes()",
  "DO shop.writing()",
  "ANALYZE TABLE shop.t",
  "OPTIMIZE TABLE shop.t",
] as const;

/** An effect that only the server can see: the read-only transaction refuses it. */
const HIDDEN_WRITES = [
  "SELECT shop.writing()",
  "SELECT * FROM shop.t WHERE shop.writing() > 0",
  "SELECT (SELECT shop.writing())",
  "WITH c AS (SELECT shop.writing() AS x) SELECT * FROM c",
  "SELECT 1 UNION SELECT shop.writing()",
  "SELECT * FROM shop.writing_view",
  "VALUES ROW(shop.writing())",
] as const;

const LOCKING_READS = [
  "SELECT * FROM shop.t FOR UPDATE",
  "SELECT * FROM shop.t WHERE id = 1 for update",
  "SELECT * FROM shop.t FOR /* */ UPDATE",
  "SELECT * FROM shop.t FOR UPDATE SKIP LOCKED",
  "SELECT * FROM shop.t LOCK IN SHARE MODE",
  "SELECT * FROM (SELECT * FROM shop.t FOR UPDATE) AS x",
  "(SELECT * FROM shop.t FOR UPDATE)",
  "WITH c AS (SELECT * FROM shop.t) SELECT * FROM c FOR UPDATE",
] as const;

/** Nowhere. */
const NOT_ALLOWED = [
  // reads into files and variables
  "SELECT * FROM shop.t INTO OUTFILE '/tmp/understudy-outfile'",
  "SELECT * INTO OUTFILE '/tmp/understudy-outfile' FROM shop.t",
  "SELECT a FROM shop.t LIMIT 1 INTO DUMPFILE '/tmp/understudy-dumpfile'",
  "SELECT 1 INTO @x",
  "SELECT /*! 1 INTO OUTFILE '/tmp/understudy-outfile' */",
  "WITH c AS (SELECT 1) SELECT * FROM c INTO OUTFILE '/tmp/understudy-outfile'",
  "TABLE shop.t INTO OUTFILE '/tmp/understudy-outfile'",
  // what breaks replication or the server
  "SET sql_log_bin = 0",
  "SET SESSION sql_log_bin = 0",
  "SET @@session.sql_log_bin = 0",
  "SET @@sql_log_bin := OFF",
  "/*!SET sql_log_bin = 0*/",
  "/* x */ SET /* y */ sql_log_bin = 0",
  "RESET MASTER",
  "RESET BINARY LOGS AND GTIDS",
  "RESET SLAVE",
  "RESET REPLICA ALL",
  "RESET PERSIST",
  "CHANGE MASTER TO MASTER_HOST='x'",
  "CHANGE REPLICATION SOURCE TO SOURCE_HOST='x'",
  "CHANGE REPLICATION FILTER REPLICATE_DO_DB = (shop)",
  "PURGE BINARY LOGS BEFORE NOW()",
  "PURGE BINARY LOGS TO 'binlog.000002'",
  "SET GLOBAL read_only = 1",
  "SET GLOBAL super_read_only = 1",
  "SET @@global.read_only = 1",
  "SET PERSIST max_connections = 5",
  "SET GLOBAL binlog_format = 'STATEMENT'",
  "SET GLOBAL gtid_purged = ''",
  "SET GLOBAL gtid_slave_pos = ''",
  "SET gtid_next = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1'",
  "SET GLOBAL event_scheduler = 0",
  "SET PASSWORD = 'x'",
  "SET NAMES latin1",
  "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
  "SET @x = 1",
  "SET ROLE ALL",
  "FLUSH TABLES",
  "FLUSH TABLES WITH READ LOCK",
  "FLUSH BINARY LOGS",
  "FLUSH LOGS",
  "FLUSH PRIVILEGES",
  "FLUSH LOCAL HOSTS",
  "LOCK TABLES shop.t WRITE",
  "LOCK TABLE shop.t READ",
  "LOCK INSTANCE FOR BACKUP",
  "UNLOCK TABLES",
  "STOP SLAVE",
  "STOP REPLICA",
  "START SLAVE",
  "START GROUP_REPLICATION",
  "BINLOG 'xx'",
  "SHUTDOWN",
  "RESTART",
  "KILL 1",
  "KILL QUERY 1",
  "INSTALL PLUGIN x SONAME 'x.so'",
  "UNINSTALL PLUGIN x",
  "INSTALL COMPONENT 'file://component_x'",
  "CLONE LOCAL DATA DIRECTORY = '/tmp/x'",
  "CREATE FUNCTION sys_exec RETURNS INT SONAME 'lib_mysqludf_sys.so'",
  "ALTER INSTANCE DISABLE INNODB REDO_LOG",
  "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')",
  "CREATE TABLESPACE s ADD DATAFILE 's.ibd'",
  "BACKUP STAGE START",
  "CACHE INDEX shop.t IN hot",
  // accounts
  "CREATE USER evil IDENTIFIED BY 'x'",
  "ALTER USER CURRENT_USER() IDENTIFIED BY 'x'",
  "DROP USER root",
  "RENAME USER root TO evil",
  "GRANT ALL ON *.* TO evil",
  "REVOKE ALL ON *.* FROM root",
  "CREATE ROLE r",
  "DROP ROLE r",
  // files
  "LOAD DATA INFILE '/etc/passwd' INTO TABLE shop.t",
  "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE shop.t",
  "LOAD XML INFILE '/etc/passwd' INTO TABLE shop.t",
  "IMPORT TABLE FROM '/tmp/x.sdi'",
  // what does not outlive the call
  "USE mysql",
  "BEGIN",
  "START TRANSACTION",
  "START TRANSACTION READ WRITE",
  "COMMIT",
  "COMMIT AND CHAIN",
  "ROLLBACK",
  "SAVEPOINT s",
  "ROLLBACK TO s",
  "RELEASE SAVEPOINT s",
  "XA START 'x'",
  "XA RECOVER",
  "PREPARE p FROM 'DROP TABLE shop.t'",
  "EXECUTE p",
  "EXECUTE IMMEDIATE 'DROP TABLE shop.t'",
  "DEALLOCATE PREPARE p",
  "CREATE TEMPORARY TABLE shop.temp (id INT)",
  "HANDLER shop.t OPEN",
  "SELECT GET_LOCK('x', 1)",
  "SELECT RELEASE_ALL_LOCKS()",
  // no transactions
  "CREATE TABLE shop.m (id INT) ENGINE=MyISAM",
  "CREATE TABLE shop.m (id INT) ENGINE = MEMORY",
  "CREATE TABLE shop.m (id INT) /*! ENGINE=MyISAM */",
  "ALTER TABLE shop.t ENGINE=MyISAM",
  // several statements
  "SELECT 1; DROP TABLE shop.t",
  "SELECT 1; SELECT 2",
  "SELECT 1;; DROP TABLE shop.t",
  "SELECT 1;/* x */DROP TABLE shop.t",
  "DELETE FROM shop.t WHERE id = 77; DROP TABLE shop.t",
  "SELECT 1 /*! ; DROP TABLE shop.t */",
  // compound
  "BEGIN NOT ATOMIC DROP TABLE shop.t; END",
  "IF 1 THEN DROP TABLE shop.t; END IF",
] as const;

/** Under the accounts of clients nothing of the server or the node can be read or changed, whatever the text. */
const FORBIDDEN_READS = [
  "SELECT * FROM mysql.user",
  "SELECT * FROM understudy.cluster",
  "TABLE mysql.user",
  "SHOW CREATE TABLE mysql.user",
  "SHOW GRANTS FOR root@localhost",
  "SHOW CREATE USER root@localhost",
  "SHOW BINARY LOGS",
  "SHOW MASTER STATUS",
  "SHOW BINARY LOG STATUS",
  "SHOW BINLOG EVENTS",
  "SHOW REPLICAS",
  "DESCRIBE mysql.user",
  // what would be explained may be sent to /execute only
  "EXPLAIN DELETE FROM shop.t",
] as const;
const FORBIDDEN_WRITES = [
  "INSERT INTO mysql.user (user) VALUES ('evil')",
  "UPDATE mysql.user SET plugin = ''",
  "DELETE FROM understudy.cluster",
  "CREATE TABLE understudy.t (id INT)",
  "CREATE TABLE mysql.t (id INT)",
  "DROP TABLE mysql.user",
  "DROP DATABASE mysql",
  "DROP DATABASE understudy",
  "ALTER TABLE understudy.cluster ADD COLUMN x INT",
  "CREATE DEFINER = root@localhost PROCEDURE shop.p() SELECT 1",
  "CREATE DEFINER = root@localhost SQL SECURITY DEFINER VIEW shop.w AS SELECT * FROM mysql.user",
  "CREATE VIEW shop.w AS SELECT * FROM mysql.user",
  "CREATE TRIGGER mysql.tr BEFORE INSERT ON mysql.db FOR EACH ROW SET @x = 1",
] as const;

for (const flavour of testFlavours()) {
  describe(`refused statements on ${flavour}`, () => {
    let master: ClusterNode;

    watchMaster({ flavour, prepare: makeSchema }, (watched) => {
      master = watched.master;
    });

    it.each(WRITES)("/query refuses the write %j", async (text) => {
      expectProblem(await master.post("/query", { sql: text }), "400 not-a-query");
      expectProblem(await master.post("/query", { sql: `${text};` }), "400 not-a-query");
    });

    it.each(HIDDEN_WRITES.filter((text) => isKnown(flavour, text)))(
      "/query keeps %j from writing",
      async (text) => {
        expectProblem(await master.post("/query", { sql: text }), "400 not-a-query");
      },
    );

    it.each(LOCKING_READS)("/query refuses the locking read %j", async (text) => {
      expectProblem(await master.post("/query", { sql: text }), "400 not-a-query");
    });

    it.each(NOT_ALLOWED)("nobody may send %j", async (text) => {
      expectProblem(await master.post("/query", { sql: text }), "400 not-allowed");
      expectProblem(await master.post("/execute", { sql: text }), "400 not-allowed");
      const statements = [{ sql: "INSERT INTO shop.t VALUES (9, 'x')" }, { sql: text }];
      const answer = await master.post("/batch", { statements });
      expectProblem(answer, "400 not-allowed");
      expect(answer.body["statementIndex"]).toBe(1);
    });

    it.each(FORBIDDEN_READS)("/query is refused %j by the server's own rights", async (text) => {
      expectKeptOut(await master.post("/query", { sql: text }), text);
    });

    it.each(FORBIDDEN_WRITES)("/execute is refused %j by the server's own rights", async (text) => {
      expectKeptOut(await master.post("/execute", { sql: text }), text);
    });

    it("shows no tables of the server and the node", async () => {
      for (const schema of ["mysql", "understudy"]) {
        const { body } = await master.post("/query", { sql: `SHOW TABLES FROM ${schema}` });
        expect(body["rows"]).toEqual([]);
      }
    });

    it("leaves nothing of one call to the next", async () => {
      for (const [text, wanted] of [
        ["SELECT @left := 5 AS x", 5],
        ["SELECT @left AS x", null],
        ["SELECT LAST_INSERT_ID(77) AS x", "77"],
        ["SELECT LAST_INSERT_ID() AS x", "0"],
        ["SELECT DATABASE() AS x", null],
        ["SELECT @@sql_log_bin AS x", undefined],
      ] as const) {
        for (let round = 0; round < 5; round++) {
          const { body, status } = await master.post("/query", { sql: text });
          if (wanted === undefined) expect(status).toBe(400);
          else expect(String((body["rows"] as { x: unknown }[])[0]?.x), text).toBe(String(wanted));
        }
      }
    });

    it("knows a word of SQL from a string, a name and a comment that hold it", async () => {
      for (const text of [
        "SELECT 'INSERT INTO shop.t; DROP TABLE shop.t' AS x",
        'SELECT "FOR UPDATE" AS `INTO OUTFILE`',
        "SELECT 1 /* DELETE FROM shop.t; */ AS x",
        "SELECT 1 AS x -- INTO OUTFILE",
        "SELECT 'it''s; \\' -- not the end' AS x;",
        "SELECT `a` FROM `shop`.`t` WHERE `a` <> 'FLUSH'",
        "(SELECT 1) UNION (SELECT 2)",
        "WITH `delete` AS (SELECT 1 AS x) SELECT x FROM `delete`",
        "SHOW CREATE TABLE shop.t",
        "SHOW TABLES FROM shop",
        "DESCRIBE shop.t",
        "EXPLAIN SELECT * FROM shop.t",
      ]) {
        const answer = await master.post("/query", { sql: text });
        expect(answer.status, `${text}: ${answer.text}`).toBe(200);
      }
    });
  });
}

async function makeSchema(master: ClusterNode): Promise<void> {
  await using connection = await sql(master);
  for (const text of [
    "CREATE DATABASE shop",
    "CREATE TABLE shop.t (id INT PRIMARY KEY, a VARCHAR(20))",
    "INSERT INTO shop.t VALUES (1, 'one')",
    "CREATE TABLE shop.traces (id INT PRIMARY KEY AUTO_INCREMENT, at INT)",
    "CREATE FUNCTION shop.writing() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO shop.traces (at) VALUES (1); RETURN 1; END",
    "CREATE PROCEDURE shop.writes() INSERT INTO shop.traces (at) VALUES (2)",
    "CREATE VIEW shop.writing_view AS SELECT shop.writing() AS x",
  ]) {
    await connection.query(text);
  }
}

/** VALUES ROW(…) is MySQL's. */
function isKnown(flavour: Flavour, text: string): boolean {
  return flavour === "mysql" || !text.startsWith("VALUES ROW");
}

/** Refused for lack of rights; where the words are another flavour's or version's, as no SQL; an unseen schema may be unknown. */
function expectKeptOut(answer: Answer, text: string): void {
  expect(answer.status, `${text}: ${answer.text}`).toBeGreaterThanOrEqual(400);
  expect(answer.status, `${text}: ${answer.text}`).toBeLessThan(500);
  expect(["forbidden", "sql-syntax", "not-allowed"], `${text}: ${answer.text}`).toContain(
    answer.body["code"],
  );
}
