import type { Job, JobsAnswer } from "@understudy/protocol";
import Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { onBehalfOf } from "../peers/on-behalf.ts";
import { askMember, isMember } from "./ask-member.ts";

const OfJob = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const ASK_MS = 5000;

/** `GET /jobs`, `/jobs/{id}`; `DELETE /jobs/{id}`. A job's id begins with the node that has it, which is asked. */
export function addJobRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { identity, jobs } = runtime.services;
  server.get("/jobs", async (): Promise<JobsAnswer> => ({ jobs: jobs.list() }));
  server.get("/jobs/:id", { schema: { params: OfJob } }, (request) =>
    whileConnected(request, async (gone): Promise<Job> => {
      const { id } = request.params;
      const owner = id.split(":")[0] ?? "";
      if (owner === identity.nodeId || !isMember(runtime, owner)) return jobs.get(id);
      return askMember(runtime, owner, (client) =>
        client.job(id, { signal: gone, timeoutMs: ASK_MS, headers: onBehalfOf(request) }),
      );
    }),
  );
  server.delete("/jobs/:id", { schema: { params: OfJob } }, (request, reply) =>
    whileConnected(request, async (gone): Promise<Job> => {
      const { id } = request.params;
      const owner = id.split(":")[0] ?? "";
      reply.status(202);
      if (owner === identity.nodeId || !isMember(runtime, owner)) return jobs.cancel(id);
      return askMember(runtime, owner, (client) =>
        client.cancelJob(id, { signal: gone, timeoutMs: ASK_MS, headers: onBehalfOf(request) }),
      );
    }),
  );
}
