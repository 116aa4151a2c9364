import { sql, type Answer, type ClusterNode } from "../src/index.ts";

/** Everything that a copy has to bring along: what people make of a database, and their accounts. */
const STATEMENTS = [
  "CREATE DATABASE shop",
  `CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(40), price DECIMAL(10,2) NOT NULL DEFAULT 1.5,
     gross DECIMAL(12,2) GENERATED ALWAYS AS (price * 1.2) STORED, label VARCHAR(60) GENERATED ALWAYS AS (CONCAT(id, ': ', name)) VIRTUAL,
     UNIQUE (name))`,
  "CREATE TABLE shop.sold (id INT AUTO_INCREMENT PRIMARY KEY, item INT NOT NULL, FOREIGN KEY (item) REFERENCES shop.item (id))",
  "CREATE TABLE shop.log (id INT AUTO_INCREMENT PRIMARY KEY, line VARCHAR(60))",
  "CREATE TRIGGER shop.noted AFTER INSERT ON shop.sold FOR EACH ROW INSERT INTO shop.log (line) VALUES (CONCAT('sold ', NEW.item))",
  "CREATE VIEW shop.dear AS SELECT id, name FROM shop.item WHERE price > 100",
  "CREATE PROCEDURE shop.sell (IN one INT) INSERT INTO shop.sold (item) VALUES (one)",
  "CREATE FUNCTION shop.twice (n INT) RETURNS INT DETERMINISTIC NO SQL RETURN 2 * n",
  "CREATE EVENT shop.tidy ON SCHEDULE EVERY 1 YEAR STARTS '2035-01-01 00:00:00' DO DELETE FROM shop.log",
  "CREATE USER 'ann'@'%' IDENTIFIED BY 'a-long-secret-of-ann-1'",
  "GRANT SELECT, INSERT ON shop.* TO 'ann'@'%'",
  "INSERT INTO shop.item (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three')",
  "CALL shop.sell(1)",
];

/** Opens the shop at a master. */
export async function openShop(master: ClusterNode): Promise<void> {
  await using connection = await sql(master);
  // a function needs no special right where the binlog has rows
  await connection.query("SET GLOBAL log_bin_trust_function_creators = 1");
  for (const statement of STATEMENTS) await connection.query(statement);
}

/** Adds an item of that number by way of a node. */
export async function addItem(node: ClusterNode, id: number): Promise<Answer> {
  return node.post("/insert", { database: "shop", table: "item", record: { id, name: `item ${id}` } });
}
