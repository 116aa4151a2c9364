import { createServer, type Server } from "node:https";
import { createServer as createPlainServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TlsSource } from "@understudy/tls";
import { openTestAuthority, type TestCertificate } from "@understudy/tls/test-authority";
import { expect, test } from "vitest";
import { connect, createNodeClient } from "../src/index.ts";

interface TestNode extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** Of the clients' certificates, one for each connection; empty for none. */
  readonly clients: readonly string[];
}

async function openTlsNode(own: TestCertificate): Promise<TestNode> {
  const clients: string[] = [];
  const server = createServer({ cert: own.cert, key: own.key, requestCert: true, rejectUnauthorized: false });
  server.on("secureConnection", (socket) => {
    const { subject } = socket.getPeerCertificate();
    clients.push(subject === undefined ? "" : String(subject.CN));
  });
  server.on("request", (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ nodeId: "node1", role: "master" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    server,
    clients,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function ping(url: string, tls: TlsSource | undefined): Promise<string> {
  await using client = createNodeClient({ url, tls });
  return (await client.ping()).nodeId;
}

const unreachable = (text: RegExp) => ({
  code: "node-unreachable",
  message: expect.stringMatching(text),
  details: expect.objectContaining({ sent: false }),
});

test("speaks https with the authority's certificate, and says what is wrong with others", async () => {
  await using authority = await openTestAuthority();
  await using stranger = await openTestAuthority();
  await using node = await openTlsNode(await authority.issue("node1"));
  const url = `https://127.0.0.1:${node.port}`;
  const { ca } = authority;
  expect(await ping(url, { ca })).toBe("node1");
  await expect(ping(url, undefined)).rejects.toMatchObject(unreachable(/^https:.* unknown authority/));
  await expect(ping(url, { ca: stranger.ca })).rejects.toMatchObject(unreachable(/unknown authority/));
  await using old = await openTlsNode(await authority.issue("old", { days: -1 }));
  await expect(ping(`https://127.0.0.1:${old.port}`, { ca })).rejects.toMatchObject(
    unreachable(/has expired/),
  );
  await using other = await openTlsNode(await authority.issue("other", { names: "DNS:elsewhere.example" }));
  await expect(ping(`https://127.0.0.1:${other.port}`, { ca })).rejects.toMatchObject(
    unreachable(/certificate for another name \(DNS:elsewhere\.example\)/),
  );
});

test("tells of a node that speaks no TLS", async () => {
  const plain = createPlainServer((_request, response) => response.end("{}"));
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = plain.address() as AddressInfo;
    await expect(ping(`https://127.0.0.1:${port}`, {})).rejects.toMatchObject(
      unreachable(/does not speak TLS there/),
    );
  } finally {
    plain.close();
  }
});

test("shows its own certificate, and takes the current ones for each new connection", async () => {
  await using authority = await openTestAuthority();
  await using next = await openTestAuthority();
  await using node = await openTlsNode(await authority.issue("node1"));
  const first = await authority.issue("first");
  const second = await authority.issue("second");
  let current = { ca: authority.ca, cert: first.cert, key: first.key };
  await using client = createNodeClient({ url: `https://127.0.0.1:${node.port}`, tls: () => current });
  await client.ping();
  current = { ca: `${authority.ca}${next.ca}`, cert: second.cert, key: second.key };
  node.server.setSecureContext(await next.issue("node1"));
  node.server.closeAllConnections();
  await client.ping();
  expect(node.clients).toEqual(["first", "second"]);
});

test("connects to a cluster by https", async () => {
  await using authority = await openTestAuthority();
  await using node = await openTlsNode(await authority.issue("node1"));
  const nodes = [`https://127.0.0.1:${node.port}`];
  await expect(connect({ nodes })).rejects.toMatchObject({
    code: "node-unreachable",
    message: expect.stringMatching(/unknown authority/),
  });
  // it answers, and what it answers is no cluster
  await expect(connect({ nodes, tls: { ca: authority.ca } })).rejects.toMatchObject({ code: "internal" });
});
