import { once } from "node:events";
import { createServer, isIPv6, type AddressInfo, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { httpUrl } from "../config/node-config.ts";
import { isRefusal, refusesConnections } from "./refuses-connections.ts";

const { signal } = new AbortController();
const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
const hosts = ["127.0.0.1", ...(addresses.some(({ address }) => address === "::1") ? ["::1"] : [])];

async function listen(host: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, host);
  await once(server, "listening");
  return server;
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe("the probe of an address", () => {
  it.each(hosts)("tells at %s whether something listens", async (host) => {
    const server = await listen(host);
    const url = httpUrl(host, (server.address() as AddressInfo).port);
    expect(url.includes("[")).toBe(isIPv6(host));
    expect(await refusesConnections(url, signal)).toBe(false);
    server.close();
    await once(server, "close");
    expect(await refusesConnections(url, signal)).toBe(true);
    expect(await refusesConnections(url.replace(host === "::1" ? "[::1]" : host, "localhost"), signal)).toBe(
      true,
    );
  });

  it("takes a name for refused only where each of its addresses refuses", () => {
    const all = (...codes: string[]): AggregateError => new AggregateError(codes.map(coded));
    expect(isRefusal(coded("ECONNREFUSED"))).toBe(true);
    expect(isRefusal(all("ECONNREFUSED", "ECONNREFUSED"))).toBe(true);
    // an address that is silent may be where the master is at work
    expect(isRefusal(all("ECONNREFUSED", "ETIMEDOUT"))).toBe(false);
    expect(isRefusal(all("ENETUNREACH", "ECONNREFUSED"))).toBe(false);
    expect(isRefusal(coded("ENOTFOUND"))).toBe(false);
    expect(isRefusal(all())).toBe(false);
  });
});
