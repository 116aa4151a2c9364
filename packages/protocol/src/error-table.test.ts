import { CodedError } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { ERROR_TABLE, isErrorCode, type ErrorCode, type ErrorEntry } from "./error-table.ts";
import { errorCodeOf, isUnderstudyError, UnderstudyError } from "./understudy-error.ts";

const entries = Object.entries(ERROR_TABLE) as [ErrorCode, ErrorEntry][];

describe("the error table", () => {
  it.each(entries)("has a well-formed entry for %s", (code, entry) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.title).toMatch(/^[A-Z].*[^.]$/);
    expect(entry.meaning).toMatch(/^[A-Z].*[.]$/);
  });

  it("calls nothing retryable that may have been committed, or that stays wrong until someone acts", () => {
    const never: readonly ErrorCode[] = [
      "write-uncertain",
      "ack-timeout",
      "idempotency-unresolved",
      "history-lost",
      "apply-failed",
      "snapshot-required",
      "internal",
    ];
    for (const code of never) expect([code, ERROR_TABLE[code].retryable]).toEqual([code, false]);
  });

  it("calls every 503 retryable, since it says that the state will pass", () => {
    const refusals = entries.filter(([, entry]) => entry.status === 503);
    expect(refusals.length).toBeGreaterThan(0);
    for (const [code, entry] of refusals) expect([code, entry.retryable]).toEqual([code, true]);
  });

  it("holds the codes of the HTTP contract under their statuses", () => {
    const promised: Readonly<Record<number, readonly string[]>> = {
      400: [
        "invalid-request",
        "sql-syntax",
        "unknown-database",
        "unknown-table",
        "unknown-column",
        "not-a-query",
        "not-allowed",
        "missing-where",
      ],
      401: ["unauthenticated"],
      403: ["forbidden"],
      404: ["not-found"],
      409: [
        "already-exists",
        "duplicate-key",
        "deadlock",
        "constraint",
        "history-lost",
        "epoch-stale",
        "version-mismatch",
        "idempotency-unresolved",
      ],
      410: ["transaction-expired"],
      413: ["too-large", "too-many-rows"],
      422: ["idempotency-mismatch", "invalid-value"],
      503: ["overloaded", "no-leader", "database-unavailable", "too-stale", "starting"],
      504: ["timeout", "ack-timeout"],
    };
    for (const [status, codes] of Object.entries(promised)) {
      for (const code of codes) {
        expect([code, isErrorCode(code) ? ERROR_TABLE[code].status : null]).toEqual([code, Number(status)]);
      }
    }
  });
});

describe("isErrorCode", () => {
  it("knows the table's codes and nothing that objects have anyway", () => {
    expect(isErrorCode("deadlock")).toBe(true);
    expect(isErrorCode("toString")).toBe(false);
    expect(isErrorCode("__proto__")).toBe(false);
    expect(isErrorCode("")).toBe(false);
  });
});

describe("errorCodeOf", () => {
  it("gives the code of a coded error, and `internal` for what nobody classified", () => {
    expect(errorCodeOf(new UnderstudyError("deadlock", "lost the race"))).toBe("deadlock");
    expect(errorCodeOf(new CodedError("timeout", "late"))).toBe("timeout");
    expect(errorCodeOf(new CodedError("no-such-code", "?"))).toBe("internal");
    expect(errorCodeOf(Object.assign(new Error("driver"), { code: "deadlock" }))).toBe("internal");
    expect(errorCodeOf("text")).toBe("internal");
  });
});

describe("UnderstudyError", () => {
  it("believes the node about whether trying again helps, and else the table", () => {
    expect(new UnderstudyError("deadlock", "m").retryable).toBe(true);
    expect(new UnderstudyError("duplicate-key", "m").retryable).toBe(false);
    expect(new UnderstudyError("deadlock", "m", { details: { retryable: false } }).retryable).toBe(false);
  });

  it("gives what a case needs, where it is there", () => {
    const details = { requestId: "r", position: "1:x", statementIndex: 2 };
    expect(new UnderstudyError("ack-timeout", "m", { details })).toMatchObject(details);
    const bare = new UnderstudyError("ack-timeout", "m");
    expect([bare.requestId, bare.position, bare.statementIndex]).toEqual([undefined, undefined, undefined]);
  });

  it("is told apart from others by its codes", () => {
    const error: unknown = new UnderstudyError("duplicate-key", "m");
    expect(isUnderstudyError(error)).toBe(true);
    expect(isUnderstudyError(error, "deadlock", "duplicate-key")).toBe(true);
    expect(isUnderstudyError(error, "deadlock")).toBe(false);
    expect(isUnderstudyError(new CodedError("duplicate-key", "m"))).toBe(false);
  });
});
