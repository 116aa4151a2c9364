import type { Flavour } from "@understudy/protocol";
import type { TestSession } from "@understudy/database-server/test-session";

/** Every kind of thing that a copy has to bring, in two schemas with odd names. */
export async function makeRichSchema(session: TestSession, flavour: Flavour): Promise<void> {
  await session.run("SET NAMES utf8mb4, sql_mode='STRICT_TRANS_TABLES', time_zone='+00:00'", ...COMMON);
  await session.run(...(flavour === "mysql" ? MYSQL_ONLY : MARIADB_ONLY));
  await fillTypes(session);
}

/** Accounts, roles and rights as people make them. */
export async function makeAccounts(session: TestSession, flavour: Flavour): Promise<void> {
  await session.run(
    "CREATE ROLE reading, writing",
    "GRANT SELECT ON shop.* TO reading",
    "GRANT INSERT, UPDATE ON shop.types TO writing",
    "GRANT reading TO writing",
    "CREATE USER 'ann'@'%' IDENTIFIED BY 'ann''s \\\\secret\"'",
    "CREATE USER 'o''brien \\\\ `odd`'@'10.%' IDENTIFIED BY 'x' REQUIRE SSL WITH MAX_USER_CONNECTIONS 7 PASSWORD EXPIRE INTERVAL 90 DAY",
    "CREATE USER 'locked'@'localhost' IDENTIFIED BY 'x' ACCOUNT LOCK",
    "GRANT writing TO 'ann'@'%'",
    "GRANT SELECT (id, name), UPDATE (name) ON shop.parent TO 'ann'@'%' WITH GRANT OPTION",
    "GRANT EXECUTE ON PROCEDURE shop.refill TO 'ann'@'%'",
    "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'locked'@'localhost'",
    "CREATE TABLE shop.soon_gone (i INT PRIMARY KEY)",
    "GRANT SELECT ON shop.soon_gone TO 'ann'@'%'",
    "DROP TABLE shop.soon_gone",
    flavour === "mysql"
      ? "ALTER USER 'ann'@'%' DEFAULT ROLE writing"
      : "SET DEFAULT ROLE writing FOR 'ann'@'%'",
  );
}

const COMMON = [
  "CREATE DATABASE shop CHARACTER SET utf8mb4",
  "CREATE DATABASE `-odd ``name`` ünï` CHARACTER SET latin1",
  "CREATE DATABASE empty_one",
  "CREATE TABLE shop.parent (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL, UNIQUE (name))",
  `CREATE TABLE shop.child (id INT PRIMARY KEY, parent_id INT NOT NULL, note TEXT,
     FOREIGN KEY (parent_id) REFERENCES shop.parent (id) ON DELETE CASCADE)`,
  // a cycle, which no order of tables satisfies
  "CREATE TABLE shop.a (id INT PRIMARY KEY, b INT, KEY (b))",
  "CREATE TABLE shop.b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES shop.a (id))",
  "ALTER TABLE shop.a ADD FOREIGN KEY (b) REFERENCES shop.b (id)",
  "INSERT INTO shop.parent (name) VALUES ('one'), ('two'), ('đŧ𝄞')",
  "INSERT INTO shop.child VALUES (1, 1, 'x'), (2, 2, NULL), (3, 2, '')",
  "INSERT INTO shop.a VALUES (1, NULL)",
  "INSERT INTO shop.b VALUES (1, 1)",
  "UPDATE shop.a SET b = 1",
  "CREATE TABLE shop.no_rows (i INT, t TEXT)",
  "CREATE TABLE shop.no_key (i INT, f FLOAT, t VARCHAR(20))",
  "INSERT INTO shop.no_key VALUES (1, 16777217, 'a'), (1, 0.1234567891, 'a'), (NULL, -3.4e38, NULL)",
  `CREATE TABLE shop.parts (id INT NOT NULL, at DATE NOT NULL, PRIMARY KEY (id, at))
     PARTITION BY RANGE (YEAR(at)) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)`,
  "INSERT INTO shop.parts VALUES (1, '1999-01-01'), (2, '2020-01-01')",
  "CREATE TABLE shop.hashed (id INT PRIMARY KEY, v BLOB) PARTITION BY HASH (id) PARTITIONS 4",
  "INSERT INTO shop.hashed SELECT id, REPEAT('h', id) FROM shop.parent",
  `CREATE TABLE shop.computed (id INT PRIMARY KEY, price DECIMAL(10,2), qty INT,
     total DECIMAL(12,2) GENERATED ALWAYS AS (price * qty) STORED, half DECIMAL(12,3) AS (price / 2) VIRTUAL, KEY (total))`,
  "INSERT INTO shop.computed (id, price, qty) VALUES (1, 9.99, 3), (2, 0.01, 7)",
  "CREATE TABLE shop.hidden (id INT PRIMARY KEY, secret INT INVISIBLE DEFAULT 5, seen INT)",
  "INSERT INTO shop.hidden (id, secret, seen) VALUES (1, 77, 1), (2, 78, 2)",
  "CREATE TABLE shop.untransactional (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE=MyISAM",
  "INSERT INTO shop.untransactional VALUES (1, 'a'), (2, 'b')",
  "CREATE TABLE shop.log (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT)",
  "CREATE TABLE shop.zero_key (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
  "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO'",
  "INSERT INTO shop.zero_key VALUES (0, 1), (5, 2)",
  "SET SESSION sql_mode='ANSI_QUOTES'",
  'CREATE TRIGGER shop.noted AFTER INSERT ON shop.parent FOR EACH ROW INSERT INTO "shop"."log" (what) VALUES (NEW.name)',
  "SET SESSION sql_mode='STRICT_TRANS_TABLES'",
  "CREATE TRIGGER shop.noted_2 AFTER INSERT ON shop.parent FOR EACH ROW SET @noted = 'ünï'",
  "CREATE TRIGGER shop.never BEFORE INSERT ON shop.zero_key FOR EACH ROW SIGNAL SQLSTATE '45000'",
  "CREATE PROCEDURE shop.refill(IN n INT) COMMENT 'wïth comment' BEGIN\r\n/* kept */ -- kept too\n  INSERT INTO log (what) VALUES (';\\0 $$ //');\nEND",
  "CREATE FUNCTION shop.twice(n INT) RETURNS INT DETERMINISTIC SQL SECURITY INVOKER RETURN n * 2",
  "CREATE EVENT shop.hourly ON SCHEDULE EVERY 1 HOUR DO DELETE FROM shop.log WHERE id < 0",
  "CREATE EVENT shop.off ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
  "CREATE VIEW shop.`view` AS SELECT p.id, p.name, shop.twice(p.id) AS t FROM shop.parent p",
  "CREATE SQL SECURITY INVOKER VIEW shop.a_first AS SELECT * FROM shop.`view` WHERE id > 0 WITH CHECK OPTION",
  "CREATE DEFINER='nobody'@'nowhere' VIEW shop.orphan AS SELECT 1 AS one",
  "CREATE TABLE `-odd ``name`` ünï`.`table ``x`` \\ '\"` (`sélect` VARCHAR(20), b BLOB, PRIMARY KEY (`sélect`)) CHARACTER SET latin1",
  "INSERT INTO `-odd ``name`` ünï`.`table ``x`` \\ '\"` VALUES ('äöü€', 0x00010a0d1a5c27), ('-- Dump completed', 'x\\n-- Table structure for table y')",
];

const MYSQL_ONLY = [
  "CREATE TABLE shop.functional (id INT PRIMARY KEY, j JSON, KEY ((CAST(j->>'$.a' AS UNSIGNED))), CHECK (id > 0))",
  `INSERT INTO shop.functional VALUES (1, '{"a": 1, "b": [1.5, null, "x\\\\ny"]}'), (2, NULL)`,
  "CREATE TABLE shop.place (id INT PRIMARY KEY, g GEOMETRY NOT NULL SRID 4326, SPATIAL KEY (g))",
  "INSERT INTO shop.place VALUES (1, ST_GeomFromText('POINT(1 2)', 4326))",
  "CREATE TABLE shop.hidden_key (my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY, v INT)",
  "INSERT INTO shop.hidden_key (v) VALUES (1), (2)",
];

const MARIADB_ONLY = [
  "CREATE SEQUENCE shop.numbers START WITH 100 INCREMENT BY 10 CACHE 5",
  "SELECT NEXTVAL(shop.numbers)",
  "CREATE TABLE shop.from_sequence (id BIGINT DEFAULT NEXTVAL(shop.numbers) PRIMARY KEY, v INT)",
  "INSERT INTO shop.from_sequence (v) VALUES (1), (2)",
  "CREATE TABLE shop.versioned (id INT PRIMARY KEY, v VARCHAR(20)) WITH SYSTEM VERSIONING",
  "INSERT INTO shop.versioned VALUES (1, 'old'), (2, 'gone')",
  "UPDATE shop.versioned SET v = 'new' WHERE id = 1",
  "DELETE FROM shop.versioned WHERE id = 2",
  "CREATE TABLE shop.json_text (id INT PRIMARY KEY, j JSON, u UUID, i INET6, CHECK (id > 0))",
  "INSERT INTO shop.json_text VALUES (1, '{\"a\": [1]}', '123e4567-e89b-12d3-a456-426614174000', '::1')",
  "SET SESSION sql_mode='ORACLE'",
  "CREATE PACKAGE shop.pack AS PROCEDURE p1(); END",
  "CREATE PACKAGE BODY shop.pack AS PROCEDURE p1() AS BEGIN SELECT 1; END; END",
  "SET SESSION sql_mode='STRICT_TRANS_TABLES'",
];

async function fillTypes(session: TestSession): Promise<void> {
  await session.run(
    `CREATE TABLE shop.types (id INT AUTO_INCREMENT PRIMARY KEY,
       t1 TINYINT, t2 SMALLINT UNSIGNED, t3 MEDIUMINT, t4 BIGINT UNSIGNED, d DECIMAL(65,30), f FLOAT, f2 FLOAT(7,3), db DOUBLE,
       b1 BIT(1), b64 BIT(64), ch CHAR(10), bin BINARY(5), vb VARBINARY(300), tt TINYTEXT, mt MEDIUMTEXT, lb LONGBLOB,
       l1 VARCHAR(300) CHARACTER SET latin1, u16 VARCHAR(50) CHARACTER SET utf16, sj VARCHAR(50) CHARACTER SET sjis,
       da DATE, ti TIME(6), dt DATETIME(6), ts TIMESTAMP(3) NULL, y YEAR, en ENUM('a','ü','') , se SET('x','y','z'), g POINT)`,
    `INSERT INTO shop.types VALUES (NULL, -128, 65535, -8388608, 18446744073709551615, '-12345678901234567890123456789012345.123456789012345678901234567890',
       1.17549435e-38, 1234.567, 2.2250738585072014e-308, b'1', 0xfedcba9876543210, 'ä', 0x00ff, 0x000a0d1a22275c, '\\\\ \\' \\" \\n \\0', '𝄞', NULL,
       'äöü€ÿ', '𝄞ß', '日本ソ', '1000-01-01', '-838:59:59.000000', '9999-12-31 23:59:59.999999', '2001-02-03 04:05:06.789', 1901, 'ü', 'x,z', POINT(1.5, -2))`,
    "INSERT INTO shop.types (id) VALUES (NULL)",
    "SET SESSION sql_mode=''",
    "INSERT INTO shop.types (da, dt, en, f, db) VALUES ('0000-00-00', '2020-00-00 00:00:00', 'wrong', 1/3, 1/3)",
    "SET SESSION sql_mode='STRICT_TRANS_TABLES'",
    "INSERT INTO shop.types (lb, mt) SELECT REPEAT(UNHEX('00FF0A5C27'), 1000000), REPEAT('zeile\\n-- Table structure for table', 100000)",
    `INSERT INTO shop.types (l1) SELECT CONVERT(UNHEX(GROUP_CONCAT(LPAD(HEX(a.n * 16 + b.n), 2, '0') SEPARATOR '')) USING latin1)
       FROM (SELECT id - 1 AS n FROM (${numbers(16)}) x) a, (SELECT id - 1 AS n FROM (${numbers(16)}) y) b`,
  );
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, index) => `SELECT ${index + 1} AS id`).join(" UNION ALL ");
}
