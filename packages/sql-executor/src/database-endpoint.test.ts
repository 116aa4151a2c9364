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
