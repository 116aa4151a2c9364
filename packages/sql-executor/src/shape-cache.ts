import { openExecutableComments } from "./executable-comments.ts";
import type { ServerInfo } from "./server-info.ts";
import { readShape, type StatementShape } from "./statement-shape.ts";

const ENTRIES_MAX = 1_000;
/** Longer texts are seldom sent twice. */
const TEXT_LENGTH_MAX = 4_096;

/** Shapes of statements that were seen lately, since clients send the same texts with other parameters. */
export class ShapeCache {
  readonly #server: ServerInfo;
  readonly #shapes = new Map<string, StatementShape>();

  constructor(server: ServerInfo) {
    this.#server = server;
  }

  /** Throws as `openExecutableComments` and `readShape` do. */
  read(sql: string): StatementShape {
    const known = this.#shapes.get(sql);
    if (known) return known;
    const shape = readShape(openExecutableComments(sql, this.#server));
    if (sql.length <= TEXT_LENGTH_MAX) {
      const oldest = this.#shapes.size >= ENTRIES_MAX ? this.#shapes.keys().next() : undefined;
      if (oldest?.value !== undefined) this.#shapes.delete(oldest.value);
      this.#shapes.set(sql, shape);
    }
    return shape;
  }
}
