import Type from "typebox";

/** Longest name of a database, table or column, in characters (MySQL manual, "Identifier Length Limits"). */
export const IDENTIFIER_CHARACTERS_MAX = 64;

/**
 * A name as the database servers allow it when quoted: no NUL, nothing beyond U+FFFF, not ending in a space, at most 64
 * characters.
 */
export const Identifier = Type.String({
  minLength: 1,
  maxLength: IDENTIFIER_CHARACTERS_MAX,
  // the same with and without the flag `u`: of a pair no half fits either
  pattern: "^[\\u0001-\\ud7ff\\ue000-\\uffff]*[\\u0001-\\u001f\\u0021-\\ud7ff\\ue000-\\uffff]$",
});
