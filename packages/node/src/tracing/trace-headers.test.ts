import { expect, it } from "vitest";
import { traceHeadersOf, traceOf } from "./trace-headers.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

it("gives a trace on as it came, with its state", () => {
  const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1,b=2" };
  expect(traceOf(headers)).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true });
  expect(traceHeadersOf(traceOf(headers))).toEqual(headers);
  expect(traceHeadersOf(traceOf({ traceparent: `00-${TRACE}-${SPAN}-00` }))).toEqual({
    traceparent: `00-${TRACE}-${SPAN}-00`,
  });
});

it("reads what a later version of the standard sends, and answers in its own", () => {
  const later = traceOf({ traceparent: `cc-${TRACE}-${SPAN}-01-more` });
  expect(traceHeadersOf(later)).toEqual({ traceparent: `00-${TRACE}-${SPAN}-01` });
});

it("takes nothing from what is none", () => {
  for (const traceparent of [
    undefined,
    "",
    "00",
    [`00-${TRACE}-${SPAN}-01`, "x"],
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
  ]) {
    expect(traceOf({ traceparent }), String(traceparent)).toBeNull();
  }
  expect(traceHeadersOf(null)).toEqual({});
  const long = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: `a=${"x".repeat(600)}` };
  expect(traceHeadersOf(traceOf(long))).not.toHaveProperty("tracestate");
});
