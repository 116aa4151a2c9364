import { UnderstudyError, type AckLevel } from "@understudy/protocol";

/** How many slaves an ack level means among `slaves`, which are all that the cluster knows, up or down. May be more than there are. */
export function ackGoalOf(level: AckLevel, slaves: number): number {
  switch (level) {
    case "async":
      return 0;
    case "all":
      return slaves;
    case "majority":
      // more than half of the slaves and the master, which has it already
      return Math.floor((slaves + 1) / 2);
    default:
      return level;
  }
}

/** Throws `invalid-request` for more acks than the cluster has slaves. */
export function checkAckLevel(level: AckLevel, slaves: number): void {
  if (ackGoalOf(level, slaves) <= slaves) return;
  const known = slaves === 1 ? "1 slave" : `${slaves} slaves`;
  throw new UnderstudyError(
    "invalid-request",
    `${level} acks are asked for, and the cluster has ${known}: nothing was written`,
    { details: { path: "/ack", slaves } },
  );
}
