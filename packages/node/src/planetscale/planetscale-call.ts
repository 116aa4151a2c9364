import { ISOLATION_LEVELS, UnderstudyError } from "@understudy/protocol";
import Type, { type Static } from "typebox";

/**
 * What a driver carries from call to call without looking into it: where its last write is, and the transaction that is open. It is the
 * client's word, so that nothing in it is trusted: positions are parsed, ids of transactions bear a MAC.
 */
export const PlanetscaleSession = Type.Object({
  position: Type.Optional(Type.String({ minLength: 1, maxLength: 65_536 })),
  transaction: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  /** Of the next transaction. */
  isolation: Type.Optional(Type.Enum([...ISOLATION_LEVELS])),
});
/** @see PlanetscaleSession */
export type PlanetscaleSession = Static<typeof PlanetscaleSession>;

/** Body of `Execute`. Drivers may send more than we look at. */
export const PlanetscaleExecuteRequest = Type.Object({
  query: Type.String({ minLength: 1 }),
  session: Type.Optional(Type.Union([Type.Null(), PlanetscaleSession])),
});

/** Body of `CreateSession` and `CloseSession`. */
export const PlanetscaleSessionRequest = Type.Object({});

/** A statement of a driver. */
export interface PlanetscaleCall {
  readonly sql: string;
  readonly database: string | undefined;
  readonly session: PlanetscaleSession;
}

/** What the driver makes of a configuration that names no user. */
const NO_USER: ReadonlySet<string> = new Set(["", "undefined"]);

/**
 * The database that the driver means: the user name of its Basic authorization, since the protocol has no other place for one.
 * Undefined where it names none. Throws `invalid-request`.
 */
export function databaseOf(authorization: string | undefined): string | undefined {
  const encoded = /^basic\s+([A-Za-z0-9+/=]*)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [user = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  if (NO_USER.has(user)) return undefined;
  try {
    // the driver takes the user name out of a URL as it is written there
    return decodeURIComponent(user);
  } catch (error) {
    throw new UnderstudyError("invalid-request", "the user name names the database, and is no text", {
      cause: error,
    });
  }
}
