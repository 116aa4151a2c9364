import Type from "typebox";

/** Longest name of a database, table or column, in characters (MySQL manual, "Identifier Length Limits"). */
export const IDENTIFIER_CHARACTERS_MAX = 64;

/** A name as the database servers allow it when quoted: no NUL, not ending in a space, at most 64 characters. */
export const Identifier = Type.String({
  minLength: 1,
  maxLength: IDENTIFIER_CHARACTERS_MAX,
  pattern: "^[^\\u0000]*[^\\u0000 ]$",
});
