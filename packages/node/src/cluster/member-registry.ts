import type { NodeClient } from "@understudy/client";
import type { PeerClients } from "../peers/peer-clients.ts";
import { isSameMember, type ClusterStore, type MemberRecord } from "./cluster-store.ts";

/** A member and the way to speak to it. */
export interface RegisteredMember extends MemberRecord {
  readonly client: NodeClient;
}

/** The slaves that a master knows, up or down, kept in the database over restarts. */
export class MemberRegistry implements AsyncDisposable {
  readonly #store: ClusterStore;
  readonly #peers: PeerClients;
  readonly #members = new Map<string, RegisteredMember>();

  /** `known` are the members that were known before, without this node. */
  constructor(store: ClusterStore, peers: PeerClients, known: readonly MemberRecord[]) {
    this.#store = store;
    this.#peers = peers;
    for (const record of known) this.#remember(record);
  }

  all(): RegisteredMember[] {
    return [...this.#members.values()];
  }

  get(nodeId: string): RegisteredMember | null {
    return this.#members.get(nodeId) ?? null;
  }

  /** Takes a member in, or its new address and version. */
  async put(record: MemberRecord): Promise<{ readonly member: RegisteredMember; readonly isNew: boolean }> {
    const known = this.#members.get(record.nodeId);
    if (known && isSameMember(known, record)) return { member: known, isNew: false };
    await this.#store.saveMember(record);
    if (known && known.url === record.url) {
      const member = { ...record, client: known.client };
      this.#members.set(record.nodeId, member);
      return { member, isNew: false };
    }
    await known?.client[Symbol.asyncDispose]();
    return { member: this.#remember(record), isNew: known === undefined };
  }

  /** Forgets a member for good; false where it was not known. */
  async remove(nodeId: string): Promise<boolean> {
    const member = this.#members.get(nodeId);
    if (!member) return false;
    await this.#store.removeMember(nodeId);
    this.#members.delete(nodeId);
    await member.client[Symbol.asyncDispose]();
    return true;
  }

  #remember(record: MemberRecord): RegisteredMember {
    const member = { ...record, client: this.#peers.connect(record.url) };
    this.#members.set(record.nodeId, member);
    return member;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all().map((member) => member.client[Symbol.asyncDispose]()));
  }
}
