import {
  FollowsRequest,
  RegisterRequest,
  UnderstudyError,
  type FollowsAnswer,
  type ReplicatePosition,
} from "@understudy/protocol";
import type { Socket } from "node:net";
import type { HttpServer } from "../http/create-server.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { readDeliveryHeaders } from "../roles/delivery-check.ts";

/** Node to node: `POST /cluster/register`, `POST /cluster/follows`, `POST /replicate/transactions`, `GET /replicate/position`. */
export function addReplicationRoutes(server: HttpServer, runtime: NodeRuntime): void {
  server.post("/cluster/register", { schema: { body: RegisterRequest } }, (request) =>
    whileConnected(request, async (gone) => {
      // one that is just becoming the master is soon done with it, and writes wait for the slaves' registrations
      const { role } = await runtime.settled(gone);
      if (role.kind === "master") return role.register(request.body);
      throw new UnderstudyError("no-leader", `${runtime.services.identity.nodeId} is not the master`, {
        details: { leader: role.view().leader?.url ?? null },
      });
    }),
  );
  server.get("/replicate/position", async (): Promise<ReplicatePosition> => {
    const { role } = runtime.running();
    if (role.kind === "slave") return role.replicatePosition();
    const { nodeId } = runtime.services.identity;
    const position = (await role.executedPosition()).toString();
    return { nodeId, position, epoch: role.epoch.toString(), state: "master" };
  });
  server.post(
    "/cluster/follows",
    { schema: { body: FollowsRequest } },
    async (request): Promise<FollowsAnswer> => {
      const { nodeId } = runtime.services.identity;
      const { leader, promises, url, endsCopies, stalled = false } = request.body;
      const epoch = BigInt(request.body.epoch);
      if (promises) await runtime.running().promised.keep(epoch);
      const { role, election } = runtime.running();
      const isFollowed = role.kind === "slave" && role.obeys(epoch);
      if (isFollowed && endsCopies === true) {
        role.copies.cut(
          new UnderstudyError("overloaded", "this slave's acks are needed; it gives no copy now"),
        );
      }
      if (url !== undefined) {
        if (role.kind === "slave") role.invited({ nodeId: leader, url, epoch });
        else if (epoch > role.epoch) election.hurry();
      }
      const follows = isFollowed && (!promises || election.promise({ nodeId: leader, epoch, stalled }));
      return { nodeId, follows };
    },
  );
  const watched = new WeakSet<Socket>();
  const watch = (socket: Socket): void => {
    if (watched.has(socket)) return;
    watched.add(socket);
    socket.once("close", () => {
      const running = runtime.current();
      if (running?.role.kind !== "slave") return;
      running.role.receptions.noteBroken();
      running.election.hurry();
    });
  };
  server.post("/replicate/transactions", async (request) => {
    const { role } = runtime.running();
    const headers = readDeliveryHeaders(request.headers);
    if (role.kind === "master") {
      throw new UnderstudyError("epoch-stale", "this node is a master itself", {
        details: { epoch: role.epoch.toString() },
      });
    }
    const { body } = request;
    if (!isByteStream(body)) throw new UnderstudyError("invalid-request", "the body must be a binlog");
    watch(request.raw.socket);
    // one statement of it may take this server an hour
    request.raw.socket.setTimeout(0);
    return whileConnected(request, (signal) => role.receive(headers, body, signal));
  });
}

function isByteStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
