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
  /** Which instance answered where a member is known to be, by node id; null where none did. */
  readonly #asked = new Map<string, Promise<string | null>>();

  constructor(events: Pick<EventHistory, "record">) {
    this.#events = events;
  }

  /** Asks the members that are known already who they are, so that a registration which comes soon need not wait for that. */
  askAll(known: Iterable<KnownMember & Pick<MemberRecord, "nodeId">>): void {
    for (const member of known) this.#asked.set(member.nodeId, instanceAt(member, member.nodeId));
  }

  /** Called before a node is let in. Throws `node-id-taken` where another one answers where the member of its id is known to be. */
  async check({ nodeId, url, instance }: RegisterRequest, known: KnownMember | null): Promise<void> {
    // an older release does not tell by what to know it
    if (known === null || instance === undefined) return;
    const self = `${instance} ${url}`;
    if (known.url === url && this.#alone.get(nodeId) === self) return;
    const asked = this.#asked.get(nodeId);
    this.#asked.delete(nodeId);
    // what was heard before counts only for the node itself: any other may have gone since
    const isItself = asked !== undefined && (await asked) === instance;
    if (!isItself && (await isAnother(known, nodeId, instance))) {
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

async function isAnother(known: KnownMember, nodeId: string, instance: string): Promise<boolean> {
  const there = await instanceAt(known, nodeId);
  return there !== null && there !== instance;
}

/** Of the node of that id that answers there; null where there is none. Never rejects. */
async function instanceAt({ client }: KnownMember, nodeId: string): Promise<string | null> {
  try {
    const answer = await client.ping({ timeoutMs: TIMEOUT_MS });
    return answer.nodeId === nodeId ? (answer.instance ?? null) : null;
  } catch {
    // whatever is wrong with it, it is not there
    return null;
  }
}
