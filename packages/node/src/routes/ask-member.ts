import type { NodeClient } from "@understudy/client";
import { UnderstudyError } from "@understudy/protocol";
import type { NodeRuntime } from "../node-runtime.ts";

/** True for a member that this node knows. */
export function isMember(runtime: NodeRuntime, nodeId: string): boolean {
  const view = runtime.current()?.role.view();
  return view?.members.some((member) => member.nodeId === nodeId) === true;
}

/** Asks another member by its name. Throws `not-found` where this node knows none of that name. */
export async function askMember<T>(
  runtime: NodeRuntime,
  nodeId: string,
  ask: (client: NodeClient) => Promise<T>,
): Promise<T> {
  const member = runtime
    .running()
    .role.view()
    .members.find((one) => one.nodeId === nodeId);
  if (!member) throw new UnderstudyError("not-found", `no member is called ${JSON.stringify(nodeId)}`);
  await using client = runtime.services.peers.connect(member.url);
  return await ask(client);
}
