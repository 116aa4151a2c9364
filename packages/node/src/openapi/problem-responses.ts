import {
  ERROR_TABLE,
  Problem,
  PROBLEM_MEDIA_TYPE,
  UnderstudyError,
  type ErrorCode,
} from "@understudy/protocol";
import { problemOf } from "../http/problem-answer.ts";
import { problemHeaders } from "./document-headers.ts";
import type { SchemaComponents } from "./schema-components.ts";

/** The answers that are problems. Those that many operations share stand in the document once. */
export class ProblemResponses {
  readonly #components: SchemaComponents;
  readonly #keys = new Map<string, string>();
  readonly #responses: Record<string, object> = {};

  constructor(components: SchemaComponents) {
    this.#components = components;
  }

  /** References to the answers that carry these codes, by status. */
  reference(codes: readonly ErrorCode[]): Record<string, { readonly $ref: string }> {
    const byStatus = Map.groupBy(new Set(codes), (code) => ERROR_TABLE[code].status);
    return Object.fromEntries(
      [...byStatus].map(([status, ofStatus]) => [
        status,
        { $ref: `#/components/responses/${this.#keyOf(status, ofStatus.toSorted())}` },
      ]),
    );
  }

  /** Every answer that was referred to, by its key. */
  all(): Readonly<Record<string, object>> {
    return this.#responses;
  }

  #keyOf(status: number, codes: readonly ErrorCode[]): string {
    const known = this.#keys.get(codes.join());
    if (known !== undefined) return known;
    const [first = "problem", ...others] = codes;
    const count = [...this.#keys.values()].filter((key) => key.startsWith(`${status}-`)).length;
    // one code names it; of several the number does, since there are many sets
    const key = others.length === 0 ? `${status}-${first}` : `${status}-${count + 1}`;
    this.#keys.set(codes.join(), key);
    this.#responses[key] = {
      description: codes.map((code) => `\`${code}\`: ${ERROR_TABLE[code].title}.`).join("\n\n"),
      headers: problemHeaders(status),
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: this.#components.reference(Problem),
          examples: Object.fromEntries(
            codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
          ),
        },
      },
    };
    return key;
  }
}

/** A problem of each code, with what it means and what to do: the part `components.examples`. */
export function problemExamples(): Readonly<Record<string, object>> {
  const codes = Object.keys(ERROR_TABLE) as ErrorCode[];
  return Object.fromEntries(
    codes.map((code) => {
      const { title, meaning } = ERROR_TABLE[code];
      const error = new UnderstudyError(code, meaning);
      const value = problemOf(error, { instance: "/query", requestId: "kQ3x-1a" });
      return [code, { summary: title, description: meaning, value }];
    }),
  );
}
