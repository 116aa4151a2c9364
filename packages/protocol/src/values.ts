import Type, { type Static } from "typebox";

/** The tags of a tagged parameter. */
export const VALUE_TAGS = ["blob", "bigint", "decimal", "datetime", "json"] as const;

/** A parameter or column value that JSON's own types cannot carry: `{"$type": "blob", "value": "<base64>"}`. */
export const TaggedValue = Type.Object(
  { $type: Type.Enum([...VALUE_TAGS]), value: Type.String() },
  { additionalProperties: false },
);
export type TaggedValue = Static<typeof TaggedValue>;

/** A value on its way into SQL. */
export const InputValue = Type.Union([
  Type.Null(),
  Type.Boolean(),
  Type.Number(),
  Type.String(),
  TaggedValue,
]);
export type InputValue = Static<typeof InputValue>;

/** A value on its way out of SQL. */
export const OutputValue = Type.Union([Type.Null(), Type.Number(), Type.String()]);
export type OutputValue = Static<typeof OutputValue>;

/** Parameters of a statement: positional for `?`, named for `:name`. */
export const Params = Type.Union([Type.Array(InputValue), Type.Record(Type.String(), InputValue)]);
export type Params = Static<typeof Params>;

/** How a result's column is described. */
export const Column = Type.Object({
  name: Type.String(),
  /** SQL type in upper case with its sign: `INT`, `BIGINT UNSIGNED`, `VARCHAR`, `JSON` … */
  type: Type.String(),
  nullable: Type.Boolean(),
  charset: Type.Union([Type.String(), Type.Null()], {
    description:
      "The character set in which the database server delivered the column's text; null for what is no text: numbers, times, bytes.",
  }),
});
export type Column = Static<typeof Column>;
