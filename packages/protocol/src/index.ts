export * from "./cluster.ts";
export * from "./data-answers.ts";
export * from "./data-requests.ts";
export { ERROR_TABLE, isErrorCode, type ErrorCode, type ErrorEntry } from "./error-table.ts";
export { BINLOG_MEDIA_TYPE, HEADERS, PROBLEM_MEDIA_TYPE } from "./headers.ts";
export { Identifier, IDENTIFIER_CHARACTERS_MAX } from "./identifier.ts";
export { formatPosition, parsePosition, type Position } from "./position.ts";
export { Problem } from "./problem.ts";
export * from "./replicate.ts";
export { errorCodeOf, UnderstudyError } from "./understudy-error.ts";
export { Column, InputValue, OutputValue, Params, TaggedValue, VALUE_TAGS } from "./values.ts";
export {
  FLAVOURS,
  FlavourSchema,
  MEMBER_STATES,
  MemberStateSchema,
  ROLES,
  RoleSchema,
  type Flavour,
  type MemberState,
  type Role,
} from "./vocabulary.ts";
