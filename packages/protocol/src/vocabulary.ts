import Type from "typebox";

/** Kind of database server. */
export const FLAVOURS = ["mysql", "mariadb"] as const;
/** @see FLAVOURS */
export type Flavour = (typeof FLAVOURS)[number];

/** What a node does now. */
export const ROLES = ["master", "slave"] as const;
/** @see ROLES */
export type Role = (typeof ROLES)[number];

/**
 * A member's state as the judging node sees it. `up`: answers. `suspect`: missed some probes. `down`: missed too many.
 * `broken`: answers, but replication to it has stopped. `joining`: known, but not replicating yet.
 */
export const MEMBER_STATES = ["joining", "up", "suspect", "down", "broken"] as const;
/** @see MEMBER_STATES */
export type MemberState = (typeof MEMBER_STATES)[number];

export const FlavourSchema = Type.Enum([...FLAVOURS]);
export const RoleSchema = Type.Enum([...ROLES]);
export const MemberStateSchema = Type.Enum([...MEMBER_STATES]);
