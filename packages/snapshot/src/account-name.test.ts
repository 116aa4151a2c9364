import { expect, test } from "vitest";
import { formatAccount, isKeptAccount, isOwnAccount } from "./account-name.ts";

const mysql = { flavour: "mysql", nodeAccounts: ["understudy_app"] } as const;
const mariadb = { flavour: "mariadb", nodeAccounts: [] } as const;

test("a server's and a node's own accounts are no part of a copy", () => {
  expect(isOwnAccount({ user: "mysql.sys", host: "localhost" }, mysql)).toBe(true);
  expect(isOwnAccount({ user: "mysql.sys", host: "localhost" }, mariadb)).toBe(false);
  expect(isOwnAccount({ user: "mariadb.sys", host: "localhost" }, mariadb)).toBe(true);
  expect(isOwnAccount({ user: "understudy_app", host: "%" }, mysql)).toBe(true);
  expect(isOwnAccount({ user: "root", host: "%" }, mysql)).toBe(false);
});

test("a restore keeps these, the login and administrators", () => {
  const login = { user: "node", host: "LOCALHOST" };
  expect(isKeptAccount({ user: "node", host: "localhost" }, login, mysql)).toBe(true);
  expect(isKeptAccount({ user: "node", host: "%" }, login, mysql)).toBe(false);
  expect(isKeptAccount({ user: "root", host: "%" }, login, mysql)).toBe(true);
  expect(isKeptAccount({ user: "ann", host: "%" }, login, mysql)).toBe(false);
});

test("names are quoted whatever is in them", () => {
  expect(formatAccount({ user: "o'b\\", host: "%" })).toBe("'o''b\\\\'@'%'");
  expect(formatAccount({ user: "role", host: "" })).toBe("'role'");
});
