import { describe, expect, test } from "vitest";
import { describeEndpoint, parseDatabaseUrl } from "./database-endpoint.ts";

describe("parseDatabaseUrl", () => {
  test.each([
    ["mysql://root:p%40ss@db:3307", { host: "db", port: 3307, user: "root", password: "p@ss" }],
    ["mariadb://u@[::1]/", { host: "::1", port: 3306, user: "u", password: "" }],
    [
      "mysql://u:p@localhost?socketPath=/run/db.sock",
      { socketPath: "/run/db.sock", user: "u", password: "p" },
    ],
  ])("reads %s", (url, endpoint) => {
    expect(parseDatabaseUrl(url)).toEqual(endpoint);
    expect(describeEndpoint(parseDatabaseUrl(url))).not.toContain("p@ss");
  });

  test.each([
    ["ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ca.pem", { mode: "VERIFY_IDENTITY", caFile: "/etc/ca.pem" }],
    ["ssl-mode=required", { mode: "REQUIRED" }],
    ["ssl-ca=/etc/ca.pem", { mode: "VERIFY_CA", caFile: "/etc/ca.pem" }],
    ["ssl-cert=/c.pem&ssl-key=/k.pem", { mode: "REQUIRED", certFile: "/c.pem", keyFile: "/k.pem" }],
  ])("asks for TLS by %s", (parameters, tls) => {
    expect(parseDatabaseUrl(`mysql://root:secret@db?${parameters}`).tls).toMatchObject(tls);
  });

  test.each([
    ["ssl-mode=PREFERRED", /in plain where TLS fails/],
    ["ssl-mode=strict", /ssl-mode must be DISABLED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY/],
    ["ssl-mode=DISABLED&ssl-ca=/ca.pem", /keep one/],
    ["ssl-cert=/c.pem", /belong together/],
    ["ssl-mode=REQUIRED&ssl-mode=DISABLED", /given twice/],
    ["socketPath=/run/db.sock&ssl-mode=REQUIRED", /a socket is not reached by TLS/],
  ])("refuses %s", (parameters, text) => {
    expect(() => parseDatabaseUrl(`mysql://root:secret@db?${parameters}`)).toThrow(text);
  });

  test("speaks in plain where it says so, or nothing", () => {
    expect(parseDatabaseUrl("mysql://root@db?ssl-mode=DISABLED").tls).toBeUndefined();
    expect(parseDatabaseUrl("mysql://root@db").tls).toBeUndefined();
  });

  test.each([
    "",
    "root@db",
    "http://root:secret@db",
    "mysql://root:secret@db/name",
    "mysql://db",
    "mysql://root:secret%@db",
    "mysql://root:secret@db?x=1",
    "mysql://root:secret@db:0",
  ])("refuses %s without telling the password", (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(/^(?!.*secret)/);
    expect(() => parseDatabaseUrl(url)).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });
});
