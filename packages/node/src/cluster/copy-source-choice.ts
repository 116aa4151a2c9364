/** A slave that might give a copy to a node that joins. */
export interface CopyCandidate {
  readonly nodeId: string;
  readonly url: string;
  /** It acks what it is sent, and has done so lately. */
  readonly follows: boolean;
  /** A copy is on its way from it already. */
  readonly gives: boolean;
  /** Null where that can't be known. */
  readonly behind: number | null;
}

/** What {@link chooseCopySource} goes by. */
export interface CopySourceFacts {
  readonly joiner: string;
  readonly candidates: readonly CopyCandidate[];
  /** By how many slaves a write is confirmed. */
  readonly acks: number;
}

/**
 * Which slave gives a copy in the master's place, so that the master is spared and its definitions may change meanwhile; null where the
 * master has to. A slave that gives one may hold still for as long as that takes, as soon as a definition changes; so enough others must
 * follow to confirm writes without it. Among equals it is the one that lacks least, then the first by name.
 */
export function chooseCopySource({ joiner, candidates, acks }: CopySourceFacts): CopyCandidate | null {
  const following = candidates.filter(({ nodeId, follows }) => follows && nodeId !== joiner);
  const isFree = following.filter(({ gives }) => !gives);
  const [best] = isFree.toSorted((a, b) => behindOf(a) - behindOf(b) || (a.nodeId < b.nodeId ? -1 : 1));
  return best && isFree.length - 1 >= acks ? best : null;
}

function behindOf({ behind }: CopyCandidate): number {
  return behind ?? Number.MAX_SAFE_INTEGER;
}
