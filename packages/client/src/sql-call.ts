import type { CallOptions } from "./node-client.ts";
import type { Statement } from "./requests.ts";
import type { ValueParams } from "./values.ts";

/** Options of one write. */
export interface WriteCallOptions extends CallOptions {
  /**
   * Names the write: sent again with the same key within 24 hours, it has its effect once and gets the same answer. Default: a
   * random one for each call, so that the client itself can send it again safely.
   */
  readonly idempotencyKey?: string | undefined;
  /** False sends no key: cheaper, but an answer that is lost on its way is `write-uncertain`. Default: the client's, true. */
  readonly idempotent?: boolean | undefined;
}

/** Third argument of `query(sql, params, options)` and its like: the rest of the request, and of the call's options. */
export type SqlOptions<Request extends Statement, Options extends CallOptions = CallOptions> = Omit<
  Request,
  "sql" | "params"
> &
  Omit<Options, "timeoutMs">;

/** A call in its object form. */
export interface SqlCall<Request extends Statement, Options extends CallOptions> {
  readonly request: Request;
  readonly options: Options;
}

/** Brings `(request, options)` and `(sql, params, options)` into one form. */
export function sqlCall<Request extends Statement, Options extends WriteCallOptions>(
  first: Request | string,
  second: ValueParams | Options | undefined,
  third: SqlOptions<Request, Options> | undefined,
): SqlCall<Request, Options> {
  if (typeof first !== "string") return { request: first, options: (second ?? {}) as Options };
  const { signal, headers, idempotencyKey, idempotent, ...rest } = (third ?? {}) as WriteCallOptions;
  const options = { signal, headers, idempotencyKey, idempotent } as Options;
  const params = second as ValueParams | undefined;
  return { request: { ...rest, sql: first, ...(params ? { params } : {}) } as unknown as Request, options };
}
