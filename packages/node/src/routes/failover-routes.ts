import type { Election } from "@understudy/election";
import { DeadlinePassed, orAbort, withDeadline } from "@understudy/kernel";
import {
  FailoverRequest,
  OfferRequest,
  SwitchoverRequest,
  UnderstudyError,
  type FailoverAnswer,
  type Job,
  type OfferAnswer,
  type PlanAnswer,
} from "@understudy/protocol";
import type { FastifyReply } from "fastify";
import { atMaster, isPassedOn } from "../http/at-master.ts";
import type { HttpServer } from "../http/create-server.ts";
import { forwardToMaster } from "../http/forward-to-master.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { onBehalfOf } from "../peers/on-behalf.ts";
import { describePlan } from "../supervisor/describe-plan.ts";
import { askMember } from "./ask-member.ts";
import { StaticElection } from "../supervisor/static-election.ts";
import { runSwitchover } from "../supervisor/switchover.ts";

const LEAD_MS = 30_000;
/** Less, so that a member that was asked can say why it does not lead. */
const BEGIN_MS = 25_000;

/** `GET /cluster/plan`, `POST /cluster/switchover`, `/cluster/failover`; `/cluster/offer` between nodes. */
export function addFailoverRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { identity, clock, random, jobs } = runtime.services;
  const stopping = stoppingSignal(server);
  server.get("/cluster/plan", async (): Promise<PlanAnswer> => describePlan(runtime.running()));
  server.post("/cluster/switchover", { schema: { body: SwitchoverRequest } }, (request, reply) =>
    whileConnected(request, (gone) =>
      atMaster<Job | FastifyReply>(runtime, gone, {
        goesOn: true,
        isPassedOn: isPassedOn(request),
        master: async (role, { election }) => {
          const likely =
            election.kind === "static" ? role.members.inSync().following[0] : election.plan()?.winner;
          const to = request.body.to ?? likely ?? null;
          if (to === null) throw new UnderstudyError("promotion-blocked", "no slave could take the lead now");
          if (to === identity.nodeId) {
            throw new UnderstudyError("promotion-blocked", `${to} is the master already`);
          }
          const options = { role, election, to, clock, random, signal: stopping };
          const job = jobs.begin("switchover", (progress) => runSwitchover(progress, options), {
            isCancellable: true,
          });
          reply.status(202).header("location", `/jobs/${job.id}`);
          return job;
        },
        slave: (role) => forwardToMaster(runtime, { role, request, reply, effect: "write" }),
      }),
    ),
  );
  server.post("/cluster/offer", { schema: { body: OfferRequest } }, async (request): Promise<OfferAnswer> => {
    const { election } = runtime.running();
    if (election instanceof StaticElection) return election.answerOffer(request.body, stopping);
    throw new UnderstudyError("promotion-blocked", "etcd says who leads here");
  });
  server.post("/cluster/failover", { schema: { body: FailoverRequest } }, (request) =>
    whileConnected(request, async (gone): Promise<FailoverAnswer> => {
      const { to = identity.nodeId, acceptLoss } = request.body;
      if (to !== identity.nodeId) {
        return askMember(runtime, to, (client) =>
          client.failover(
            { to, acceptLoss },
            { signal: gone, timeoutMs: LEAD_MS, headers: onBehalfOf(request) },
          ),
        );
      }
      const { election, role } = runtime.running();
      if (role.kind === "slave") role.checkFit();
      await election.force({ acceptLoss }, stopping);
      const leads = await leadOf(runtime, election, gone);
      return { leader: identity.nodeId, epoch: leads.toString() };
    }),
  );
}

/** Resolves with the epoch once this node leads. Throws `promotion-blocked` where it does not come to that; rejects with the signal's reason. */
async function leadOf(runtime: NodeRuntime, election: Election, signal: AbortSignal): Promise<bigint> {
  const { clock } = runtime.services;
  try {
    return await withDeadline({ clock, ms: BEGIN_MS, signal }, async (bounded) => {
      for (;;) {
        const changed = election.changed.next();
        const role = runtime.current()?.role;
        if (role?.kind === "master") return role.epoch;
        await orAbort(changed, bounded);
      }
    });
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new UnderstudyError(
      "promotion-blocked",
      "this node was given the lead, but has not begun to lead; GET /cluster/events says why",
      { cause: error },
    );
  }
}
