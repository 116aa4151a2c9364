// A small bank on Kysely. Any node will do: UNDERSTUDY_URL names it, default http://127.0.0.1:8083.
import { Kysely, sql } from "kysely";
import { PlanetScaleDialect } from "kysely-planetscale";
import type { BankTables } from "./bank-tables.ts";

const DATABASE = "kysely_bank";

const node = process.env["UNDERSTUDY_URL"] ?? "http://127.0.0.1:8083";
// the database is the user name of the URL
const url = new URL(node);
url.username = DATABASE;
const bank = new Kysely<BankTables>({ dialect: new PlanetScaleDialect({ url: url.href }) });

async function prepare(): Promise<void> {
  const answer = await fetch(`${node}/createdb`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: DATABASE, ifNotExists: true }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await bank.schema.dropTable("accounts").ifExists().execute();
  await bank.schema
    .createTable("accounts")
    .addColumn("id", "bigint", (column) => column.primaryKey().autoIncrement())
    .addColumn("owner", "varchar(100)", (column) => column.notNull())
    .addColumn("balance", "decimal(20, 2)", (column) => column.notNull())
    .addCheckConstraint("never_below_zero", sql`balance >= 0`)
    .execute();
}

async function open(owner: string, balance: string): Promise<string> {
  const { insertId } = await bank.insertInto("accounts").values({ owner, balance }).executeTakeFirstOrThrow();
  return String(insertId);
}

/** All of it, or nothing: an exception rolls the transaction back. */
async function transfer(from: string, to: string, amount: string): Promise<void> {
  await bank
    .transaction()
    .setIsolationLevel("serializable")
    .execute(async (tx) => {
      await tx
        .updateTable("accounts")
        .set({ balance: sql`balance + ${amount}` })
        .where("id", "=", to)
        .execute();
      await tx
        .updateTable("accounts")
        .set({ balance: sql`balance - ${amount}` })
        .where("id", "=", from)
        .execute();
    });
}

async function show(title: string): Promise<void> {
  const rows = await bank.selectFrom("accounts").selectAll().orderBy("id").execute();
  const lines = rows.map(({ id, owner, balance }) => `  ${id} ${owner} ${balance}`);
  process.stdout.write(`${[title, ...lines].join("\n")}\n`);
}

await prepare();
const ada = await open("Ada", "100.00");
const grace = await open("Grace", "0.10");
await show("Opened:");
await transfer(ada, grace, "99.90");
await show("After a transfer:");
try {
  await transfer(ada, grace, "1000.00");
} catch (error) {
  process.stdout.write(`Refused: ${error instanceof Error ? error.name : String(error)}\n`);
}
await show("As before:");
await bank.destroy();
