import { copyFile, rm, writeFile } from "node:fs/promises";
import { createNodeClient, type TlsSource } from "@understudy/client";
import { openTestAuthority, type TestAuthority, type TestCertificate } from "@understudy/tls/test-authority";
import { connect as connectPlain, type AddressInfo } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, test, vi } from "vitest";
import { createServer } from "../src/http/create-server.ts";
import { addRoutes } from "../src/routes/add-routes.ts";
import { startingNode } from "../src/starting-node.ts";

// a machine that others use as well; waits are for conditions
vi.setConfig({ testTimeout: 120_000 });
const POLL = { timeout: 60_000 };

interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly warnings: () => string[];
  readonly events: () => string[];
}

function settingsOf(
  authority: TestAuthority,
  { certFile, keyFile }: TestCertificate,
  clientAuth = "none",
): Record<string, string> {
  return {
    UNDERSTUDY_TLS_CERT_FILE: certFile,
    UNDERSTUDY_TLS_KEY_FILE: keyFile,
    UNDERSTUDY_TLS_CA_FILE: authority.caFile,
    UNDERSTUDY_TLS_CLIENT_AUTH: clientAuth,
  };
}

/** The HTTP side of a node. */
async function listen(environment: Readonly<Record<string, string>>): Promise<Listening> {
  const node = startingNode(environment);
  const server = await createServer(node);
  addRoutes(server, node);
  await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const { tls, events } = node.services;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    warnings: () => tls.warnings(),
    events: () => events.list({ after: 0, limit: 100 }).events.map(({ message }) => message),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await tls[Symbol.asyncDispose]();
    },
  };
}

/** What a GET is answered with, over a connection of its own. */
async function get(
  url: string,
  path: string,
  tls: TlsSource = {},
): Promise<{ status: number; text: string }> {
  await using client = createNodeClient({ url, tls });
  const answer = await client.forward({ method: "GET", path, headers: {}, body: undefined });
  return { status: answer.status, text: answer.body.toString("utf8") };
}

/** Sends bytes past HTTP and TLS and resolves with all that comes until the end. */
function sendRaw(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connectPlain(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (chunk) => (text += String(chunk)));
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });
}

test("nodes must show a certificate of the authority, clients need none", async () => {
  await using authority = await openTestAuthority();
  await using stranger = await openTestAuthority();
  const own = await authority.issue("node1");
  await using node = await listen(settingsOf(authority, own, "nodes"));
  const { ca } = authority;
  expect(await get(node.url, "/health/live", { ca })).toMatchObject({ status: 200 });
  // past the check it is another matter: this node has no database
  expect(await get(node.url, "/cluster", { ca })).toMatchObject({ status: 503 });
  expect(await get(node.url, "/replicate/position", { ca })).toMatchObject({
    status: 403,
    text: expect.stringMatching(/client certificate.*none was shown/),
  });
  const showing = async (certificate: TestCertificate): Promise<{ status: number; text: string }> =>
    get(node.url, "/replicate/position", { ca, cert: certificate.cert, key: certificate.key });
  expect(await showing(await authority.issue("node2"))).toMatchObject({ status: 503 });
  expect(await showing(await stranger.issue("node2"))).toMatchObject({
    status: 403,
    text: expect.stringMatching(/not accepted: it is signed by another authority/),
  });
  expect(await showing(await authority.issue("old", { days: -1 }))).toMatchObject({
    status: 403,
    text: expect.stringMatching(/not accepted: it, or its authority's, has expired/),
  });
  expect(await showing(await authority.issue("server-only", { uses: "serverAuth" }))).toMatchObject({
    status: 403,
    text: expect.stringMatching(/lacks clientAuth/),
  });
});

test("where all must show one, only health is told without", async () => {
  await using authority = await openTestAuthority();
  await using node = await listen(settingsOf(authority, await authority.issue("node1"), "all"));
  const { ca } = authority;
  expect(await get(node.url, "/health/live", { ca })).toMatchObject({ status: 200 });
  expect(await get(node.url, "/ping", { ca })).toMatchObject({ status: 403 });
  expect(await get(node.url, "/nowhere", { ca })).toMatchObject({ status: 403 });
  const { cert, key } = await authority.issue("client");
  expect(await get(node.url, "/nowhere", { ca, cert, key })).toMatchObject({ status: 404 });
});

test("plain HTTP, garbage and silence on the TLS port, and TLS on a plain one, end in order", async () => {
  await using authority = await openTestAuthority();
  const node = await listen(settingsOf(authority, await authority.issue("node1")));
  const { ca } = authority;
  {
    await using plain = await listen({});
    const url = `http://127.0.0.1:${node.port}`;
    expect(await get(url, "/ping")).toMatchObject({
      status: 400,
      text: expect.stringMatching(/this port speaks TLS: use https/),
    });
    expect(await sendRaw(node.port, Buffer.from([0, 1, 2, 3]))).toMatch(/^HTTP\/1\.1 400 /);
    // what begins like TLS and goes on otherwise
    expect(await sendRaw(node.port, Buffer.from("\u0016\u0003\u0001nonsense\r\n\r\n", "latin1"))).not.toMatch(
      /HTTP/,
    );
    expect(await sendRaw(plain.port, Buffer.from("\u0016\u0003\u0001\u0000\u0005hello", "latin1"))).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    await expect(get(plain.url, "/ping", { ca })).rejects.toThrow(/does not speak TLS there/);
    // an HTTP error inside of TLS is answered there
    const secure = connectTls({ port: node.port, host: "127.0.0.1", ca });
    secure.write("NONSENSE\r\n\r\n");
    let text = "";
    for await (const chunk of secure.setEncoding("utf8")) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    const old = connectTls({
      port: node.port,
      host: "127.0.0.1",
      ca,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1",
    });
    await expect(
      new Promise((resolve, reject) => old.on("error", reject).on("close", resolve)),
    ).rejects.toThrow();
    expect(await get(node.url, "/health/live", { ca })).toMatchObject({ status: 200 });
  }
  // one that says nothing does not hold up the end
  const silent = connectPlain(node.port, "127.0.0.1");
  await new Promise((resolve) => silent.once("connect", resolve));
  const closed = new Promise((resolve) => silent.on("error", () => undefined).once("close", resolve));
  await node[Symbol.asyncDispose]();
  await closed;
});

test("takes other certificates under load without a failed request, and keeps the former where they are of no use", async () => {
  await using authority = await openTestAuthority();
  await using other = await openTestAuthority();
  const own = await authority.issue("node1");
  await using node = await listen(settingsOf(authority, own));
  const trusted = { ca: `${authority.ca}${other.ca}` };
  const failures: string[] = [];
  let requests = 0;
  const over = new AbortController();
  const load = async (): Promise<void> => {
    await using kept = createNodeClient({ url: node.url, tls: trusted });
    while (!over.signal.aborted) {
      const asked = requests++ % 3 === 0 ? get(node.url, "/health/live", trusted) : null;
      const forward = kept.forward({ method: "GET", path: "/health/live", headers: {}, body: undefined });
      for (const answer of [asked, forward]) {
        try {
          const { status } = (await answer) ?? { status: 200 };
          if (status !== 200) failures.push(String(status));
        } catch (error) {
          failures.push(String(error));
        }
      }
    }
  };
  const loads = [load(), load(), load(), load()];
  const serves = (): Promise<string> =>
    get(node.url, "/health/live", { ca: other.ca }).then(
      () => "the other",
      () => "the former",
    );
  try {
    expect(await serves()).toBe("the former");
    const next = await other.issue("node1");
    await copyFile(next.keyFile, own.keyFile);
    await copyFile(next.certFile, own.certFile);
    await expect.poll(serves, POLL).toBe("the other");
    expect(node.warnings()).toEqual([
      expect.stringMatching(/not signed by an authority of UNDERSTUDY_TLS_CA_FILE/),
    ]);

    await writeFile(own.certFile, "no certificate");
    const refused =
      /can't be used, so the former certificates stay in force: UNDERSTUDY_TLS_CERT_FILE holds no certificate/;
    await expect.poll(() => node.warnings().join(), POLL).toMatch(refused);
    expect(node.events().join()).toMatch(refused);
    expect(await serves()).toBe("the other");
    await rm(own.certFile);
    await expect.poll(() => node.warnings().join(), POLL).toMatch(/there is no file/);
    expect(await serves()).toBe("the other");

    const soon = await authority.issue("soon", { days: 3.5 });
    await copyFile(soon.certFile, own.certFile);
    await copyFile(soon.keyFile, own.keyFile);
    await expect.poll(serves, POLL).toBe("the former");
    expect(node.warnings()).toEqual([
      expect.stringMatching(
        /^the certificate of UNDERSTUDY_TLS_CERT_FILE expires on \d{4}-\d\d-\d\d, in 3 days: renew it$/,
      ),
    ]);
    await expect.poll(() => node.events().join(), POLL).toMatch(/in 3 days: renew it/);
  } finally {
    over.abort();
    await Promise.all(loads);
  }
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(50);
});
