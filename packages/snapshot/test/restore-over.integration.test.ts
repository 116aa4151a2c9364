import { describe, expect, test, vi } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { isTornSnapshot } from "../src/index.ts";
import { copyBytes, EventLog, openCopy, piecesOf, restoreCopy, testSignal } from "./copy.ts";
import { makeAccounts, makeRichSchema } from "./rich-schema.ts";
import { serverContents } from "./server-contents.ts";
import { endpointOf } from "./endpoint-of.ts";

// each test starts two servers and three programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000 });

describe.each(testFlavours())("%s: a restore", (flavour) => {
  test("replaces whatever was there, as often as it is done", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using onSource = await TestSession.open(source);
    using onTarget = await TestSession.open(target);
    await makeRichSchema(onSource, flavour);
    await makeAccounts(onSource, flavour);
    await onTarget.run(
      "CREATE DATABASE shop",
      "CREATE TABLE shop.parent (other INT)",
      "CREATE DATABASE only_here",
      "CREATE TABLE only_here.t (i INT PRIMARY KEY)",
      "CREATE TABLE only_here.u (i INT, FOREIGN KEY (i) REFERENCES only_here.t (i))",
      "CREATE VIEW only_here.v AS SELECT * FROM shop.parent",
      "CREATE ROLE only_here",
      "CREATE USER gone IDENTIFIED BY 'x'",
      "GRANT ALL ON only_here.* TO gone",
      "CREATE USER ann IDENTIFIED BY 'another'",
      "CREATE DEFINER=gone PROCEDURE shop.p() SELECT 1",
    );
    const whole = await copyBytes(source);
    await restoreCopy(target, piecesOf(whole));
    expect(await serverContents(target)).toEqual(await serverContents(source));
    await restoreCopy(target, piecesOf(whole));
    expect(await serverContents(target)).toEqual(await serverContents(source));
    // as the person of the account sees it: the password is the source's
    using ann = await TestSession.open(target, { user: "ann", password: "ann's \\secret\"" });
    expect(await ann.value("SELECT CURRENT_USER()")).toBe("ann@%");
    await restoreCopy(source, piecesOf(whole));
  });

  test("leaves the accounts that the server, the node and its login have for themselves", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using onSource = await TestSession.open(source);
    using onTarget = await TestSession.open(target);
    const login = { user: "node", password: '#its "own"\\ \'one;' };
    await onSource.run(
      "CREATE USER node IDENTIFIED BY 'of the source'",
      "CREATE USER node_reader IDENTIFIED BY 'of the source'",
      "CREATE USER person IDENTIFIED BY 'x'",
    );
    await onTarget.run(
      `CREATE USER node IDENTIFIED BY '${login.password.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`,
      "GRANT ALL ON *.* TO node WITH GRANT OPTION",
      "CREATE USER node_reader IDENTIFIED BY 'of the target'",
      "GRANT SELECT ON *.* TO node_reader",
    );
    await using copy = await openCopy(source);
    await restoreCopy(target, copy.body, { endpoint: endpointOf(target, login) });
    for (const account of [
      login,
      { user: "node_reader", password: "of the target" },
      target,
      { user: "person", password: "x" },
    ]) {
      using session = await TestSession.open(target, account);
      expect(await session.value("SELECT 1")).toBe("1");
    }
    await copy[Symbol.asyncDispose]();
    // and it copies through the same account
    await using again = await openCopy(target, { endpoint: endpointOf(target, login) });
    await restoreCopy(source, again.body);
    using onRestored = await TestSession.open(source);
    expect(await onRestored.value("SELECT COUNT(*) FROM mysql.user WHERE user = 'node_reader'")).toBe("1");
  });

  test("works on a server that is locked, empty to empty, and leaves it locked", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2, readOnly: true });
    using onTarget = await TestSession.open(target);
    if (flavour === "mysql") await onTarget.run("SET GLOBAL super_read_only=ON");
    await onTarget.run("SET GLOBAL event_scheduler=ON");
    const log = new EventLog();
    const whole = await copyBytes(source);
    await restoreCopy(target, piecesOf(whole), { logger: log.logger });
    expect(await onTarget.value("SELECT @@GLOBAL.read_only")).toBe("1");
    if (flavour === "mysql") expect(await onTarget.value("SELECT @@GLOBAL.super_read_only")).toBe("1");
    expect(log.events).toEqual(["snapshot-scheduler-off", "snapshot-restoring", "snapshot-restored"]);
    expect(await onTarget.value("SELECT @@GLOBAL.event_scheduler")).toBe("OFF");
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(false);
  });

  test("puts a view whose table is gone in as one that fails as well", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using onSource = await TestSession.open(source);
    await onSource.run(
      "CREATE DATABASE d",
      "CREATE TABLE d.t (i INT)",
      "CREATE VIEW d.a AS SELECT i FROM d.t",
      "CREATE VIEW d.b AS SELECT i FROM d.a",
      "DROP TABLE d.t",
      "CREATE VIEW d.fine AS SELECT 1 AS one",
    );
    const log = new EventLog();
    await using copy = await openCopy(source);
    await restoreCopy(target, copy.body, { logger: log.logger });
    using onTarget = await TestSession.open(target);
    expect(log.events.filter((event) => event === "snapshot-view-broken")).toHaveLength(2);
    expect(await onTarget.value("SELECT one FROM d.fine")).toBe("1");
    await expect(onTarget.rows("SELECT * FROM d.b")).rejects.toThrow(/invalid/);
    await onTarget.run("DROP VIEW d.a, d.b");
  });
});
