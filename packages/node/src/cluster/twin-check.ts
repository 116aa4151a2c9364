import type { NodeClient } from "@understudy/client";
import { nodeIdTaken } from "@understudy/election";
import type { EventHistory } from "@understudy/health-monitor";
import { UnderstudyError, type RegisterRequest } from "@understudy/protocol";
import type { MemberRecord } from "./cluster-store.ts";

/** A slave waits for the answer to its registration for longer. */
const TIMEOUT_MS = 1500;

/** The member that goes by an id, and the way to ask it. */
export interface KnownMember extends Pick<MemberRecord, "url"> {
  readonly client: Pick<NodeClient, "ping">;
}

/**
 * Lets only one of several live nodes that go by the same id be a member, as after a data folder was copied: the one that is there.
 * One that is gone, or does not answer in time, makes room for another, since a node may come back at another address.
 */
export class TwinCheck {
  readonly #events: Pick<EventHistory, "record">;
  /** Who was found to be alone under its id, in its words for itself. */
  readonly #alone = new Map<string, string>();
  /** Of which addresses people were told, by node id. */
  readonly #told = new Map<string, string>();

  constructor(events: Pick<EventHistory, "record">) {
    this.#events = events;
  }

  /** Called before a node is let in. Throws `node-id-taken` where another one answers where the member of its id is known to be. */
  async check({ nodeId, url, instance }: RegisterRequest, known: KnownMember | null): Promise<void> {
    // an older release does not tell by what to know it
    if (known === null || instance === undefined) return;
    const self = `${instance} ${url}`;
    if (known.url === url && this.#alone.get(nodeId) === self) return;
    if (await isAnother(known, nodeId, instance)) {
      const reason = nodeIdTaken(nodeId, known.url);
      if (this.#told.get(nodeId) !== self) {
        this.#events.record("warning", `${nodeId} at ${url} may not join: ${reason}`, nodeId);
      }
      this.#told.set(nodeId, self);
      throw new UnderstudyError("node-id-taken", reason);
    }
    this.#alone.set(nodeId, self);
    this.#told.delete(nodeId);
  }

  /** The member was removed. */
  forget(nodeId: string): void {
    this.#alone.delete(nodeId);
    this.#told.delete(nodeId);
  }
}

async function isAnother({ client }: KnownMember, nodeId: string, instance: string): Promise<boolean> {
  try {
    const answer = await client.ping({ timeoutMs: TIMEOUT_MS });
    return answer.nodeId === nodeId && answer.instance !== undefined && answer.instance !== instance;
  } catch {
    // whatever is wrong with it, it is not there
    return false;
  }
}
