import { seededRandom, type Random } from "@understudy/kernel";
import type { SqlSession } from "./sql-session.ts";

/** The tables that everything is measured on, by their full names. */
export const TABLES = {
  accounts: "bench.accounts",
  ledger: "bench.ledger",
  probes: "bench.probes",
  documents: "bench.documents",
  items: "bench.items",
  orders: "bench.orders",
} as const;

const DEFINITIONS = [
  "CREATE DATABASE bench",
  `CREATE TABLE ${TABLES.accounts} (id BIGINT PRIMARY KEY, owner VARCHAR(40) NOT NULL, balance DECIMAL(12,2) NOT NULL,
    changed_at DATETIME(6) NOT NULL, note VARCHAR(200), KEY (owner))`,
  `CREATE TABLE ${TABLES.ledger} (id BIGINT PRIMARY KEY, account BIGINT NOT NULL, amount DECIMAL(12,2) NOT NULL,
    booked_at DATETIME(6) NOT NULL, KEY (account))`,
  `CREATE TABLE ${TABLES.probes} (id BIGINT PRIMARY KEY)`,
  `CREATE TABLE ${TABLES.documents} (id INT PRIMARY KEY, body TEXT NOT NULL)`,
  `CREATE TABLE ${TABLES.items} (id INT PRIMARY KEY, name VARCHAR(100) NOT NULL, price DECIMAL(10,2) NOT NULL)`,
  `CREATE TABLE ${TABLES.orders} (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL, amount DECIMAL(10,2) NOT NULL)`,
];

/** Makes the tables of {@link TABLES} on the source, past the API. */
export async function createTables(session: SqlSession): Promise<void> {
  for (const sql of DEFINITIONS) await session.run(sql);
}

/** Ids of a lane begin at its number times this. */
const LANE_SIZE = 10_000_000;

/**
 * An endless series of small transactions of the kind that applications write: half of them insert a row, three in ten change one,
 * one in ten deletes one, one in ten changes two rows and adds a third in one transaction. The same number gives the same series;
 * series of different numbers touch no common row, so that they can run side by side without a deadlock.
 */
export class MixedLane {
  readonly #random: Random;
  readonly #ids: number[] = [];
  #nextId: number;

  constructor(lane: number) {
    this.#random = seededRandom(lane);
    this.#nextId = lane * LANE_SIZE;
  }

  /** The SQL text of the next transaction. */
  next(): string {
    const chance = this.#random();
    if (this.#ids.length < 2 || chance < 0.5) return this.#insert();
    if (chance < 0.8) return this.#update(this.#pick());
    if (chance < 0.9) return this.#delete();
    return `BEGIN; ${this.#update(this.#pick())}; ${this.#update(this.#pick())}; ${this.#book()}; COMMIT`;
  }

  #insert(): string {
    const id = this.#nextId++;
    this.#ids.push(id);
    return `INSERT INTO ${TABLES.accounts} VALUES (${id}, 'owner ${id % 997}', ${this.#amount()}, NOW(6), '${this.#note()}')`;
  }

  #update(id: number): string {
    return `UPDATE ${TABLES.accounts} SET balance = ${this.#amount()}, changed_at = NOW(6), note = '${this.#note()}' WHERE id = ${id}`;
  }

  #delete(): string {
    const index = Math.floor(this.#random() * this.#ids.length);
    const id = this.#ids[index] ?? 0;
    const last = this.#ids.pop() ?? 0;
    if (index < this.#ids.length) this.#ids[index] = last;
    return `DELETE FROM ${TABLES.accounts} WHERE id = ${id}`;
  }

  #book(): string {
    return `INSERT INTO ${TABLES.ledger} VALUES (${this.#nextId++}, ${this.#pick()}, ${this.#amount()}, NOW(6))`;
  }

  #pick(): number {
    return this.#ids[Math.floor(this.#random() * this.#ids.length)] ?? 0;
  }

  #amount(): string {
    return (this.#random() * 10_000).toFixed(2);
  }

  #note(): string {
    return "lorem ipsum dolor ".repeat(1 + Math.floor(this.#random() * 8));
  }
}

let lanesGiven = 0;

/** Numbers of lanes that nobody else has in this process. */
export function takeLanes(count: number): readonly number[] {
  const first = lanesGiven + 1;
  lanesGiven += count;
  return Array.from({ length: count }, (_, index) => first + index);
}
