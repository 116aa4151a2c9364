import type { Flavour } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";

/** MariaDB counts what goes to temporary tables elsewhere, so these stand still for a mere query. */
const COUNT_WRITES =
  "SELECT SUM(variable_value) FROM information_schema.session_status " +
  "WHERE variable_name IN ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";

/**
 * Finds out whether a query has written, which a function may do. The text does not tell, and neither does the answer: a result
 * set carries no word on the transaction's state. MySQL says it with the next OK; MariaDB forgets it, but counts.
 */
export class WriteDetector {
  readonly #session: DatabaseSession;
  readonly #flavour: Flavour;
  #before: number | null = null;

  constructor(session: DatabaseSession, flavour: Flavour) {
    this.#session = session;
    this.#flavour = flavour;
  }

  /** To be called ahead of a query while nothing was written yet. */
  async begin(): Promise<void> {
    if (this.#flavour === "mariadb") this.#before ??= await this.#countWrites();
  }

  /** True where something was written since the first {@link begin}. */
  async hasWritten(): Promise<boolean> {
    if (this.#flavour === "mysql") return (await this.#session.run("DO 0")).hasWritten;
    return (await this.#countWrites()) !== this.#before;
  }

  async #countWrites(): Promise<number> {
    const { rows } = await this.#session.run(COUNT_WRITES, { shape: "arrays", rowsMax: 1, bytesMax: 1024 });
    const [row] = rows;
    return Array.isArray(row) ? Number(row[0]) : NaN;
  }
}
