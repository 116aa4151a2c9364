import { expect, test } from "vitest";
import { etcdRefusal, notEtcd } from "./etcd-refusal.ts";

test.for([
  // 3.4 and 3.5, a stream of theirs, 3.6
  [
    { error: "etcdserver: permission denied", message: "etcdserver: permission denied", code: 7 },
    "permission",
    true,
  ],
  [{ error: { grpc_code: 14, http_code: 503, message: "etcdserver: no leader" } }, "unreachable", true],
  [{ code: 16, message: "etcdserver: invalid auth token", details: [] }, "token", true],
  [{ code: 14, message: "etcdserver: request timed out" }, "unreachable", false],
  [{ code: 14, message: "etcdserver: leader changed" }, "unreachable", false],
  [{ error: "etcdserver: requested lease not found", code: 5 }, "lease-gone", true],
  [{ error: "etcdserver: request is too large", code: 3 }, "rejected", true],
  [{ error: "something new" }, "unreachable", false],
] as const)("%j", ([json, kind, isUndone]) => {
  expect(etcdRefusal(json)).toMatchObject({ kind, isUndone });
});

test.for([{ header: { revision: "1" } }, { token: "x" }, [], null, "error", { message: "a value" }])(
  "%j is no refusal",
  (json) => {
    expect(etcdRefusal(json)).toBeUndefined();
  },
);

test("a certificate with a name, where etcd asks for a log-in as well, is told what to do about it", () => {
  const text =
    "CommonName of client sending a request against gateway will be ignored and not used as expected\n";
  const failure = notEtcd(400, text);
  expect(failure).toMatchObject({ kind: "permission", isUndone: true });
  expect(failure.message).toMatch(/expected": .* must have no CommonName/);
});
