import Type, { type Static } from "typebox";

/** An error answer (RFC 9457), `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
    retryable: Type.Boolean(),
    errno: Type.Optional(Type.Integer()),
    sqlState: Type.Optional(Type.String()),
    statementIndex: Type.Optional(Type.Integer()),
    parameter: Type.Optional(Type.String()),
    position: Type.Optional(Type.String()),
    epoch: Type.Optional(Type.String()),
    leader: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    gtid: Type.Optional(Type.String()),
    table: Type.Optional(Type.String()),
    error: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
);
export type Problem = Static<typeof Problem>;
