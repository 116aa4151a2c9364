import { UnderstudyError } from "@understudy/protocol";
import Type from "typebox";
import { anySignal, messageOf } from "@understudy/kernel";
import type { HttpServer } from "../http/create-server.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import { StreamedAnswer } from "../http/streamed-answer.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";

/** A member that restores takes nothing for as long as an index is built. */
const STALL_MS_MAX = 10 * 60_000;
const ForMember = Type.Object(
  { for: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" }) },
  { additionalProperties: false },
);

/** Node to node: `GET /replicate/snapshot`, a copy of the master's data as it is at one position. */
export function addCopyRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const stopping = stoppingSignal(server);
  const { clock, logger } = runtime.services;
  server.get(
    "/replicate/snapshot",
    { exposeHeadRoute: false, schema: { querystring: ForMember } },
    async (request, reply) => {
      const { role } = runtime.running();
      if (role.kind !== "master") throw new UnderstudyError("no-leader", "only the master gives copies");
      await whileConnected(request, async (gone) => {
        const signal = anySignal(gone, stopping, role.reads.ended);
        await using snapshot = await role.copies.open({ member: request.query.for, signal });
        const headers = { "content-type": "application/octet-stream", "cache-control": "no-store" };
        using answer = new StreamedAnswer(reply, { status: 200, headers, clock, stallMs: STALL_MS_MAX });
        try {
          for await (const chunk of snapshot.body) await answer.write(chunk);
          answer.end();
        } catch (error) {
          // disposal cuts the answer: without its end nobody takes it for a whole one
          logger.warn({ event: "copy-broken" }, messageOf(error));
        }
      });
      return reply;
    },
  );
}
