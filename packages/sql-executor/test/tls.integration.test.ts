import { copyFile } from "node:fs/promises";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { silentLogger, systemClock } from "@understudy/kernel";
import { openTestAuthority } from "@understudy/tls/test-authority";
import { describe, expect, test } from "vitest";
import { connectRaw, openSqlExecutor, parseDatabaseUrl } from "../src/index.ts";
import { openExecutor } from "./open-executor.ts";

function urlOf(server: DatabaseServer, parameters: Readonly<Record<string, string>>, host?: string): string {
  const url = new URL(server.url);
  if (host !== undefined) url.hostname = host;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** The cipher of a new connection; empty for one in plain. */
async function cipherOf(url: string): Promise<string> {
  const connection = await connectRaw(parseDatabaseUrl(url), { timeoutMs: 10_000 });
  try {
    return await new Promise((resolve, reject) => {
      connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'", (error, rows) =>
        error ? reject(error) : resolve(JSON.stringify(rows)),
      );
    });
  } finally {
    connection.destroy();
  }
}

const unavailable = (text: RegExp) => ({
  code: "database-unavailable",
  message: expect.stringMatching(text),
});

describe.each(testFlavours())("TLS to %s", (flavour) => {
  test("as the URL says: encrypted, signed by an authority, for this host, with a certificate of one's own", async () => {
    await using authority = await openTestAuthority();
    await using stranger = await openTestAuthority();
    const own = await authority.issue("server", { names: "IP:127.0.0.1" });
    await using server = await openTestServer(flavour, {
      extraArguments: [
        `--ssl-ca=${authority.caFile}`,
        `--ssl-cert=${own.certFile}`,
        `--ssl-key=${own.keyFile}`,
      ],
    });
    const { caFile } = authority;
    {
      await using executor = await openExecutor(server);
      await executor.withAdmin((session) => session.rows("SET GLOBAL require_secure_transport = ON"));
    }
    await expect(cipherOf(server.url)).rejects.toThrow(/cannot connect/);
    const required = urlOf(server, { "ssl-mode": "REQUIRED" });
    expect(await cipherOf(required)).toMatch(/"TLS_|GCM|CHACHA/);
    const signed = { "ssl-mode": "VERIFY_CA", "ssl-ca": caFile };
    expect(await cipherOf(urlOf(server, signed))).toMatch(/"TLS_|GCM|CHACHA/);
    await expect(cipherOf(urlOf(server, { "ssl-ca": stranger.caFile }))).rejects.toMatchObject(
      unavailable(/the database server has a certificate of an unknown authority/),
    );
    const identified = { "ssl-mode": "VERIFY_IDENTITY", "ssl-ca": caFile };
    expect(await cipherOf(urlOf(server, identified))).toMatch(/"TLS_|GCM|CHACHA/);
    expect(await cipherOf(urlOf(server, signed, "localhost"))).toMatch(/"TLS_|GCM|CHACHA/);
    await expect(cipherOf(urlOf(server, identified, "localhost"))).rejects.toMatchObject(
      unavailable(/certificate for another name \(IP Address:127\.0\.0\.1\)/),
    );

    // all pools of an executor, whose accounts are made over TLS as well
    await using executor = await openSqlExecutor({
      endpoint: parseDatabaseUrl(urlOf(server, identified)),
      clock: systemClock,
      logger: silentLogger,
    });
    const { rows } = await executor.query({ sql: "SHOW SESSION STATUS LIKE 'Ssl_cipher'", rows: "arrays" });
    expect(JSON.stringify(rows)).toMatch(/"TLS_|GCM|CHACHA/);

    await executor.withAdmin(async (session) => {
      await session.rows("SET sql_log_bin = 0");
      await session.rows("CREATE USER guarded@'%' IDENTIFIED BY 'pw' REQUIRE X509");
    });
    const guarded = new URL(urlOf(server, identified));
    guarded.username = "guarded";
    guarded.password = "pw";
    await expect(cipherOf(guarded.href)).rejects.toMatchObject({ code: "forbidden" });
    const client = await authority.issue("client");
    guarded.searchParams.set("ssl-cert", client.certFile);
    guarded.searchParams.set("ssl-key", client.keyFile);
    expect(await cipherOf(guarded.href)).toMatch(/"TLS_|GCM|CHACHA/);

    // a server that takes another certificate without a restart: for a name, so that it is not this address's any more
    const other = await authority.issue("other", { names: "DNS:localhost" });
    await copyFile(other.keyFile, own.keyFile);
    await copyFile(other.certFile, own.certFile);
    await executor.withAdmin((session) =>
      session.rows(flavour === "mysql" ? "ALTER INSTANCE RELOAD TLS" : "FLUSH SSL"),
    );
    await expect(cipherOf(urlOf(server, identified))).rejects.toMatchObject(
      unavailable(/certificate for another name \(DNS:localhost\)/),
    );
    expect(await cipherOf(urlOf(server, identified, "localhost"))).toMatch(/"TLS_|GCM|CHACHA/);
  });
});
