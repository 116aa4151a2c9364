import { expect, test } from "vitest";
import { RateLimits } from "./rate-limits.ts";
import { TokenBucket } from "./token-bucket.ts";

test("a bucket lets its burst through at once, then its rate, and says how long to wait", () => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 0]);
  expect(bucket.take(0)).toBe(500);
  expect(bucket.take(250)).toBe(250);
  expect(bucket.take(500)).toBe(0);
  expect(bucket.take(10_000)).toBe(0);
});

test("a token without a rate is not held up, one with a rate for as long as it says", () => {
  const limits = new RateLimits();
  const token = { name: "app", rights: new Set(["read"] as const), databases: null, expiresMs: null };
  for (let count = 0; count < 1000; count++) limits.countRequest({ ...token, requestsPerSecond: null }, 0);
  const slow = { ...token, requestsPerSecond: 1 };
  limits.countRequest(slow, 0);
  limits.countRequest(slow, 0);
  expect(() => limits.countRequest(slow, 0)).toThrow(/1 requests a second/);
  limits.countRequest(slow, 1000);
});

test("failures are counted by address, those of IPv6 by network, in bounded memory", () => {
  const limits = new RateLimits();
  const fail = (address: string) => () => limits.countFailure(address, 0);
  for (let count = 0; count < 20; count++) fail("10.0.0.1")();
  expect(fail("10.0.0.1")).toThrow(/too many requests from this address/);
  expect(fail("10.0.0.2")).not.toThrow();
  for (let count = 0; count < 20; count++) fail(`2001:db8:0:1::${count + 1}`)();
  expect(fail("2001:db8:0:1:ffff::1")).toThrow(/too many/);
  expect(fail("2001:db8::1:0:0:1")).not.toThrow();
  expect(fail("2001:db8::2")).not.toThrow();
  for (let count = 0; count < 20_000; count++)
    fail(`11.${count >> 16}.${(count >> 8) & 255}.${count & 255}`)();
  // long forgotten
  expect(fail("2001:db8:0:1::ffff")).not.toThrow();
});
