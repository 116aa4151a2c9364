import { bigint, datetime, decimal, mysqlTable, varchar } from "drizzle-orm/mysql-core";

/** Accounts and what they hold. */
export const accounts = mysqlTable("accounts", {
  id: bigint({ mode: "bigint", unsigned: true }).primaryKey().autoincrement(),
  owner: varchar({ length: 100 }).notNull(),
  balance: decimal({ precision: 20, scale: 2 }).notNull(),
  openedAt: datetime("opened_at", { mode: "string", fsp: 3 }).notNull(),
});
