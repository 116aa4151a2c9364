import Type from "typebox";
import { anySignal, messageOf } from "@understudy/kernel";
import type { HttpServer } from "../http/create-server.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import { StreamedAnswer } from "../http/streamed-answer.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";

/** A member that restores takes nothing for as long as an index is built. */
const STALL_MS_MAX = 10 * 60_000;
/** The only way to a slave's copy is by the master, who names an epoch. */
const NO_EPOCH = -1;
const ForMember = Type.Object(
  {
    for: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" }),
    /** Of a slave: of which master's data it is to be a copy. */
    epoch: Type.Optional(Type.String({ pattern: "^\\d{1,19}$" })),
  },
  { additionalProperties: false },
);

/**
 * Node to node: `GET /replicate/snapshot`, a copy of the data as it is at one position. A slave gives it to whom the master has sent
 * there.
 */
export function addCopyRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const stopping = stoppingSignal(server);
  const { clock, logger } = runtime.services;
  server.get(
    "/replicate/snapshot",
    { exposeHeadRoute: false, schema: { querystring: ForMember } },
    async (request, reply) => {
      const { role } = runtime.running();
      const { for: member, epoch } = request.query;
      if (role.kind === "slave") role.checkGivesCopies(BigInt(epoch ?? NO_EPOCH));
      await whileConnected(request, async (gone) => {
        const ends = anySignal(gone, stopping, role.reads.ended);
        await using copy = await role.copies.open({ member, signal: ends });
        const headers = { "content-type": "application/octet-stream", "cache-control": "no-store" };
        const options = { status: 200, headers, clock, stallMs: STALL_MS_MAX, signal: copy.cut };
        using answer = new StreamedAnswer(reply, options);
        try {
          for await (const chunk of copy.body) await answer.write(chunk);
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
