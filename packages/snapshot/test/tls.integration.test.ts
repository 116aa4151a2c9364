import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { openTestAuthority } from "@understudy/tls/test-authority";
import { describe, expect, test, vi } from "vitest";
import { TestSession } from "@understudy/database-server/test-session";
import type { SnapshotEndpoint } from "../src/index.ts";
import { copyBytes, openCopy, piecesOf, restoreCopy } from "./copy.ts";
import { makeAccounts, makeRichSchema } from "./rich-schema.ts";
import { serverContents } from "./server-contents.ts";

vi.setConfig({ testTimeout: 240_000 });

function tlsEndpoint({ host, port, user, password }: DatabaseServer, caFile: string): SnapshotEndpoint {
  const tls = { mode: "VERIFY_IDENTITY", caFile, certFile: undefined, keyFile: undefined } as const;
  return { host, port, user, password, tls };
}

/** From now on only TLS gets in by TCP. */
async function requireTls(server: DatabaseServer): Promise<void> {
  using session = await TestSession.open(server);
  await session.rows("SET GLOBAL require_secure_transport = ON");
}

describe.each(testFlavours())("%s: a copy over TLS", (flavour) => {
  test("comes out of one server and into another, both of which take nothing else", async () => {
    await using authority = await openTestAuthority();
    await using stranger = await openTestAuthority();
    const { certFile, keyFile } = await authority.issue("server");
    const extraArguments = [`--ssl-ca=${authority.caFile}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`];
    await using source = await openTestServer(flavour, { serverId: 1, extraArguments });
    await using target = await openTestServer(flavour, { serverId: 2, readOnly: true, extraArguments });
    using onSource = await TestSession.open(source);
    await makeRichSchema(onSource, flavour);
    await makeAccounts(onSource, flavour);
    await requireTls(source);
    await requireTls(target);
    {
      await using copy = await openCopy(source, { endpoint: tlsEndpoint(source, authority.caFile) });
      await restoreCopy(target, copy.body, { endpoint: tlsEndpoint(target, authority.caFile) });
    }
    expect(await serverContents(target)).toEqual(await serverContents(source));

    await expect(openCopy(source, { endpoint: tlsEndpoint(source, stranger.caFile) })).rejects.toMatchObject({
      code: "database-unavailable",
      message: expect.stringMatching(/certificate of an unknown authority/),
    });
    const { host, port, user, password } = source;
    await expect(openCopy(source, { endpoint: { host, port, user, password } })).rejects.toThrow(/log in/);
    const bytes = await copyBytes(source);
    await expect(
      restoreCopy(target, piecesOf(bytes), { endpoint: tlsEndpoint(target, stranger.caFile) }),
    ).rejects.toMatchObject({ code: "database-unavailable" });
  });
});
