import Type, { type Static } from "typebox";

/**
 * Versions of the interface between nodes: what they register with, deliver and are asked. It grows by one with a change that a node
 * without it would misunderstand; a field that may be left out or not be read needs none.
 */
export const WireRange = Type.Object({
  oldest: Type.Integer({ minimum: 1 }),
  newest: Type.Integer({ minimum: 1 }),
});
export type WireRange = Static<typeof WireRange>;

/** Those that this release speaks. `oldest` may rise only when no release without the next one is in use any more. */
export const WIRE_VERSIONS: WireRange = Object.freeze({ oldest: 1, newest: 1 });

/** What a node speaks that does not say it. */
export const UNTOLD_WIRE: WireRange = Object.freeze({ oldest: 1, newest: 1 });

/** A node and the versions that it speaks. */
export interface WireSpeaker {
  readonly nodeId: string;
  readonly wire: WireRange;
}

/** The version that two nodes speak with each other, or why they can't. */
export type WireChoice =
  | { readonly kind: "chosen"; readonly version: number }
  /** Says in one sentence which node to upgrade. */
  | { readonly kind: "mismatch"; readonly reason: string };

/** The newest version that both speak. */
export function chooseWire(one: WireSpeaker, other: WireSpeaker): WireChoice {
  const version = Math.min(one.wire.newest, other.wire.newest);
  if (version >= Math.max(one.wire.oldest, other.wire.oldest)) return { kind: "chosen", version };
  const behind = one.wire.newest < other.wire.newest ? one : other;
  const reason = `${wordsOf(one)}, ${wordsOf(other)}: upgrade ${behind.nodeId}`;
  return { kind: "mismatch", reason };
}

/** True where a node that speaks `wire` understands this version. */
export function speaksWire(wire: WireRange, version: number): boolean {
  return version >= wire.oldest && version <= wire.newest;
}

function wordsOf({ nodeId, wire: { oldest, newest } }: WireSpeaker): string {
  const versions = oldest === newest ? `version ${newest}` : `the versions ${oldest} to ${newest}`;
  return `${nodeId} speaks ${versions} of the interface between nodes`;
}
