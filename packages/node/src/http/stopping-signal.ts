import { UnderstudyError } from "@understudy/protocol";
import type { HttpServer } from "./create-server.ts";

/** A signal that aborts, with `starting`, when the server begins to close: what has no end of its own must not hold it up. */
export function stoppingSignal(server: HttpServer): AbortSignal {
  const stopping = new AbortController();
  server.addHook("preClose", async () => stopping.abort(new UnderstudyError("starting", "the node stops")));
  return stopping.signal;
}
