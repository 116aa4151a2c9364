import type { ClusterView } from "@understudy/protocol";
import type { ServerResponse } from "node:http";
import { answerJson, openStandInNode, type SeenRequest, type StandInNode } from "./stand-in-node.ts";

/** A node of a test's cluster: what it says of the cluster, and how it answers the rest. */
export interface Actor {
  readonly node: StandInNode;
  leader: string | null;
  epoch: string;
  members: string[];
  data: (request: SeenRequest, response: ServerResponse) => void;
}

async function openActor(): Promise<Actor & AsyncDisposable> {
  const actor: Actor & AsyncDisposable = {
    node: await openStandInNode((request, response) => {
      if (request.path === "/cluster") answerJson(response, 200, viewOf(actor));
      else actor.data(request, response);
    }),
    leader: null,
    epoch: "1",
    members: [],
    data: (request, response) => {
      const isRead = request.path === "/query";
      const position = `${actor.epoch}:x`;
      answerJson(
        response,
        200,
        isRead ? { columns: [], rows: [], node: actor.node.url, position } : { position },
      );
    },
    [Symbol.asyncDispose]: async () => actor.node[Symbol.asyncDispose](),
  };
  return actor;
}

function viewOf(actor: Actor): ClusterView {
  const members = actor.members.map((url) => ({ url }));
  const leader = actor.leader === null ? null : { nodeId: "l", url: actor.leader };
  return {
    clusterId: "c",
    self: "s",
    epoch: actor.epoch,
    leader,
    election: "static",
    members,
    warnings: [],
  } as unknown as ClusterView;
}

/** A master and a slave that name each other. */
export async function openCluster() {
  const master = await openActor();
  const slave = await openActor();
  for (const actor of [master, slave]) {
    actor.leader = master.node.url;
    actor.members = [master.node.url, slave.node.url];
  }
  return {
    master,
    slave,
    [Symbol.asyncDispose]: async () => {
      await master[Symbol.asyncDispose]();
      await slave[Symbol.asyncDispose]();
    },
  };
}

/** Answers with a problem of this code. */
export const problem = (status: number, code: string) => (_request: SeenRequest, response: ServerResponse) =>
  answerJson(response, status, { code, detail: code });
/** Answers the first request otherwise than the rest. */
export const once = (first: Actor["data"], rest: Actor["data"]): Actor["data"] => {
  let calls = 0;
  return (request, response) => (calls++ === 0 ? first : rest)(request, response);
};
/** What was asked beside `GET /cluster`. */
export const pathsOf = (actor: Actor): string[] =>
  actor.node.seen.map((one) => one.path).filter((path) => path !== "/cluster");

/** The bodies of what was asked under a path. */
export const bodiesOf = (actor: Actor, path: string): unknown[] =>
  actor.node.seen.filter((one) => one.path === path).map((one): unknown => JSON.parse(String(one.body)));
