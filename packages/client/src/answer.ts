import { isObject, parseJson } from "@understudy/kernel";
import { isErrorCode, UnderstudyError } from "@understudy/protocol";
import type { RawAnswer } from "./exchange.ts";

/**
 * Reads a node's answer: its JSON where the status is 2xx and it has all of `keys`, else it throws. A problem document
 * becomes an error with its code; anything that Understudy does not say becomes `internal`.
 */
export function readAnswer(url: string, answer: RawAnswer, keys: readonly string[]): object {
  const json = parseJson(answer.body.toString("utf8"));
  if (!isObject(json)) throw notUnderstudy(url, answer);
  if (answer.status < 200 || answer.status > 299) throw problemError(url, answer, json);
  if (!keys.every((key) => Object.hasOwn(json, key))) throw notUnderstudy(url, answer);
  return json;
}

/** Throws what an answer of another status than 2xx says. */
export function throwRefusal(url: string, answer: RawAnswer): never {
  const json = parseJson(answer.body.toString("utf8"));
  if (!isObject(json)) throw notUnderstudy(url, answer);
  throw problemError(url, answer, json);
}

function notUnderstudy(url: string, answer: RawAnswer): UnderstudyError {
  return new UnderstudyError(
    "internal",
    `${url} answered something that is not Understudy (status ${answer.status}, ${answer.headers["content-type"] ?? "no content type"})`,
    { details: { status: answer.status, body: answer.body.subarray(0, 200).toString("utf8") } },
  );
}

function problemError(url: string, answer: RawAnswer, problem: object): UnderstudyError {
  const { code, detail, ...rest } = { code: undefined, detail: undefined, ...problem } as Record<
    string,
    unknown
  >;
  if (typeof code !== "string") return notUnderstudy(url, answer);
  const text = typeof detail === "string" && detail !== "" ? detail : `${url} answered ${code}`;
  const details: Record<string, unknown> = { ...rest, status: answer.status };
  const retryAfter = Number(answer.headers["retry-after"]);
  if (Number.isFinite(retryAfter)) details["retryAfterSeconds"] = retryAfter;
  if (isErrorCode(code)) return new UnderstudyError(code, text, { details });
  return new UnderstudyError("internal", text, { details: { ...details, code } });
}
