import { withDeadline, type Clock } from "@understudy/kernel";
import { UnderstudyError, type FollowsRequest } from "@understudy/protocol";
import type { MemberRegistry, RegisteredMember } from "../cluster/member-registry.ts";
import type { Leadership } from "../node-services.ts";
import { FreshAnswer } from "../reads/fresh-answer.ts";

/** What {@link LeadCheck} needs. */
export interface LeadCheckOptions {
  readonly nodeId: string;
  readonly epoch: bigint;
  readonly registry: Pick<MemberRegistry, "all">;
  readonly leadership: Leadership;
  /** Without, nobody but a person makes another node the master. */
  readonly hasElections: boolean;
  readonly clock: Clock;
}

const ASK_MS = 1000;

/**
 * Makes sure that a master leads at this moment. Its lease alone may be a little out of date where a faster promotion has passed
 * it by; but no other can have been promoted while as many slaves in sync as confirm a write say that they follow this one: each
 * promotion needs one of them to have turned away before.
 */
export class LeadCheck {
  readonly #of: LeadCheckOptions;
  readonly #answer: FreshAnswer<void>;

  constructor(options: LeadCheckOptions) {
    this.#of = options;
    this.#answer = new FreshAnswer(() => this.#ask());
  }

  /** Resolves where this node leads at a moment after the call; calls at the same time share one question. Throws `no-leader`. */
  async check(): Promise<void> {
    const { leadership, epoch, hasElections } = this.#of;
    leadership.checkLeads(epoch);
    const sets = leadership.conditions();
    if (sets === null && hasElections)
      throw new UnderstudyError(
        "no-leader",
        "it is not agreed on yet which slaves' word counts for this master",
      );
    if (sets !== null && sets.some(({ acks }) => acks > 0)) await this.#answer.get();
    leadership.checkLeads(epoch);
  }

  /** True where every member says so, and keeps to it for the time of a lease. */
  async allPromise({
    stalled,
    signal,
  }: {
    readonly stalled: boolean;
    readonly signal: AbortSignal;
  }): Promise<boolean> {
    const members = this.#of.registry.all();
    const answers = await Promise.all(
      members.map((member) => this.#follows(member, { promises: true, stalled, signal })),
    );
    return answers.every(Boolean);
  }

  async #ask(): Promise<void> {
    const { registry, leadership, clock } = this.#of;
    const sets = leadership.conditions() ?? [];
    const members = registry.all().filter(({ nodeId }) => sets.some((set) => set.members.includes(nodeId)));
    const said = new Set<string>();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const hasEnough = (): boolean =>
      sets.every((set) => set.members.filter((nodeId) => said.has(nodeId)).length >= set.acks);
    await withDeadline({ clock, ms: ASK_MS, signal: NEVER }, async (signal) => {
      const asked = members.map(async (member) => {
        if (await this.#follows(member, { promises: false, signal })) said.add(member.nodeId);
        if (hasEnough()) resolve(true);
      });
      // as soon as there are enough; the others' answers are of no interest
      Promise.all(asked).then(
        () => resolve(hasEnough()),
        () => resolve(false),
      );
      if (await promise) return;
      throw new UnderstudyError("no-leader", "too few slaves in sync say that they still follow this master");
    });
  }

  /** False also where it gives no answer. */
  async #follows(
    { client }: RegisteredMember,
    { signal, ...question }: Pick<FollowsRequest, "promises" | "stalled"> & { readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { nodeId, epoch } = this.#of;
    try {
      const answer = await client.follows(
        { leader: nodeId, epoch: epoch.toString(), ...question },
        { signal, timeoutMs: ASK_MS },
      );
      return answer.follows;
    } catch {
      return false;
    }
  }
}

const NEVER = new AbortController().signal;
