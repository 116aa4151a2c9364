import { describe, expect, test, vi } from "vitest";
import { readExecutedPosition, readPurgedPosition } from "@understudy/binlog";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { isTornSnapshot } from "../src/index.ts";
import { openCopy, ProgressLog, restoreCopy, testSignal } from "./copy.ts";
import { makeAccounts, makeRichSchema } from "./rich-schema.ts";
import { serverContents } from "./server-contents.ts";
import { endpointOf } from "./endpoint-of.ts";

// each test starts two servers and three programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000 });

describe.each(testFlavours())("%s: a copy", (flavour) => {
  test("brings everything of a rich server, at its position", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2, readOnly: true });
    using onSource = await TestSession.open(source);
    await makeRichSchema(onSource, flavour);
    await makeAccounts(onSource, flavour);
    const served = new ProgressLog();
    const restored = new ProgressLog();
    await using copy = await openCopy(source, { onProgress: served.onProgress });
    const { position } = await restoreCopy(target, copy.body, { onProgress: restored.onProgress });
    expect(position.toString()).toBe(copy.position.toString());
    expect(position.equals(await readExecutedPosition(onSource, flavour))).toBe(true);
    using onTarget = await TestSession.open(target);
    expect((await readExecutedPosition(onTarget, flavour)).equals(position)).toBe(true);
    expect((await readPurgedPosition(onTarget, flavour)).equals(position)).toBe(true);
    expect(await isTornSnapshot(endpointOf(target), testSignal())).toBe(false);
    expect(await serverContents(target)).toEqual(await serverContents(source));
    for (const { entries } of [served, restored]) {
      expect(entries.at(-1)).toMatchObject({ phase: "done", tablesDone: entries.at(-1)?.tablesTotal });
    }
  });
});
