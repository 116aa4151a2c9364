import { SpanKind } from "@opentelemetry/api";
import type { SqlExecutorOptions } from "@understudy/sql-executor";
import { inSpan } from "./in-span.ts";

/**
 * A span around each of the clients' calls on the database. It tells no SQL: that may hold what traces should not.
 */
export function traceStatements(): NonNullable<SqlExecutorOptions["around"]> {
  return ({ call, database, flavour }, task) =>
    inSpan(
      `sql ${call}`,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          "db.system.name": flavour,
          "db.operation.name": call,
          ...(database === undefined ? {} : { "db.namespace": database }),
        },
      },
      task,
    );
}
