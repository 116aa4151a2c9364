// A small bank on Drizzle. Any node will do: UNDERSTUDY_URL names it, default http://127.0.0.1:8083.
import { Client } from "@planetscale/database";
import { asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/planetscale-serverless";
import { accounts } from "./tables.ts";

const DATABASE = "drizzle_bank";

const node = process.env["UNDERSTUDY_URL"] ?? "http://127.0.0.1:8083";
// the database is the user name of the URL
const url = new URL(node);
url.username = DATABASE;
const bank = drizzle({ client: new Client({ url: url.href }) });

async function prepare(): Promise<void> {
  const answer = await fetch(`${node}/createdb`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: DATABASE, ifNotExists: true }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await bank.execute(sql`DROP TABLE IF EXISTS ${accounts}`);
  await bank.execute(sql`
    CREATE TABLE ${accounts} (
      id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
      owner VARCHAR(100) NOT NULL,
      balance DECIMAL(20, 2) NOT NULL CHECK (balance >= 0),
      opened_at DATETIME(3) NOT NULL
    )`);
}

async function open(owner: string, balance: string): Promise<bigint> {
  const [account] = await bank
    .insert(accounts)
    .values({ owner, balance, openedAt: "2026-01-31 23:59:59.125" })
    .$returningId();
  if (!account) throw new Error("an account gets an id");
  return BigInt(account.id);
}

/** All of it, or nothing: an exception rolls the transaction back. */
async function transfer(from: bigint, to: bigint, amount: string): Promise<void> {
  await bank.transaction(async (tx) => {
    await tx
      .update(accounts)
      .set({ balance: sql`${accounts.balance} + ${amount}` })
      .where(eq(accounts.id, to));
    await tx
      .update(accounts)
      .set({ balance: sql`${accounts.balance} - ${amount}` })
      .where(eq(accounts.id, from));
  });
}

async function show(title: string): Promise<void> {
  const rows = await bank.select().from(accounts).orderBy(asc(accounts.id));
  const lines = rows.map(({ id, owner, balance, openedAt }) => `  ${id} ${owner} ${balance} ${openedAt}`);
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
  const { cause } = error as Error;
  process.stdout.write(`Refused: ${cause instanceof Error ? cause.name : String(error)}\n`);
}
await show("As before:");
