// A small bank on the client library. It finds the master and the other nodes from any of them: UNDERSTUDY_URL names one, default
// http://127.0.0.1:8083.
import { connect, decimal } from "@understudy/client";

interface Account {
  readonly id: string;
  readonly owner: string;
  /** A DECIMAL comes as text, so that no cent is lost. */
  readonly balance: string;
}

const database = "client_bank";
const COLUMNS = `id BIGINT PRIMARY KEY AUTO_INCREMENT, owner VARCHAR(100) NOT NULL,
  balance DECIMAL(20, 2) NOT NULL CHECK (balance >= 0)`;

await using bank = await connect({ nodes: [process.env["UNDERSTUDY_URL"] ?? "http://127.0.0.1:8083"] });

async function prepare(): Promise<void> {
  await bank.createDatabase({ name: database, ifNotExists: true });
  await bank.dropTable({ database, table: "accounts", ifExists: true });
  await bank.createTable({ database, table: "accounts", columns: COLUMNS });
}

async function open(owner: string, balance: string): Promise<string> {
  const record = { owner, balance: decimal(balance) };
  const { insertId } = await bank.insert({ database, table: "accounts", record });
  if (insertId === null) throw new Error("an account gets an id");
  return insertId;
}

/** All of it, or nothing. It runs again by itself after a deadlock, and is never done twice. */
async function transfer(from: string, to: string, amount: string): Promise<void> {
  await bank.inTransaction(
    async (transaction) => {
      const add = "UPDATE accounts SET balance = balance + ? WHERE id = ?";
      await transaction.execute(add, [decimal(amount), to]);
      await transaction.execute(add, [decimal(`-${amount}`), from]);
    },
    { database },
  );
}

/** Reads at any node; the client sees to it that its own writes are there. */
async function show(title: string): Promise<void> {
  const { rows } = await bank.select<Account>({ database, table: "accounts", orderBy: [{ column: "id" }] });
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
