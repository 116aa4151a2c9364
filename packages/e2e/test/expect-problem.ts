import { expect } from "vitest";
import { ERROR_TABLE, type ErrorCode } from "@understudy/protocol";
import type { Answer } from "../src/index.ts";

/** What the tests write down of an error: status and code, as design and `docs/error-codes.md` name them. */
export type Refusal = `${number} ${ErrorCode}`;

/** Expects that an answer is this error, as a whole `application/problem+json`. Returns its `detail`. */
export function expectProblem(answer: Answer, refusal: Refusal): string {
  const [status, code = ""] = refusal.split(" ");
  expect(`${answer.status} ${String(answer.body["code"])}`, answer.text.slice(0, 1000)).toBe(refusal);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json\b/);
  expect(answer.body).toMatchObject({
    type: `urn:understudy:error:${code}`,
    title: ERROR_TABLE[code as ErrorCode].title,
    status: Number(status),
    retryable: ERROR_TABLE[code as ErrorCode].retryable,
  });
  const { detail, instance, requestId } = answer.body;
  expect(detail).toBeTypeOf("string");
  expect(detail).not.toBe("");
  expect(instance).toMatch(/^\//);
  expect(requestId).toBe(answer.headers["x-request-id"]);
  if (answer.status === 503) expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  return String(detail);
}
