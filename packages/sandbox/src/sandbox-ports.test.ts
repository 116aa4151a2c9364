import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { findFreePort } from "@understudy/database-server";
import { planPorts } from "./sandbox-ports.ts";

const nodeIds = ["node1", "node2"];

async function listen(port: number): Promise<AsyncDisposable> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(port, "127.0.0.1", resolve);
  await promise;
  return { [Symbol.asyncDispose]: () => new Promise((done) => void server.close(() => done())) };
}

describe("the ports of a sandbox", () => {
  it("keeps what an earlier run had, but for what is taken by now", async () => {
    const earlier = await planPorts({ nodeIds, port: 0, earlier: [] });
    expect(await planPorts({ nodeIds, port: 0, earlier })).toEqual(earlier);
    const [first, second] = earlier;
    await using _ = await listen(first?.databasePort ?? 0);
    const again = await planPorts({ nodeIds, port: 0, earlier });
    expect(again[0]?.databasePort).not.toBe(first?.databasePort);
    expect(again[1]).toEqual(second);
  });

  it("never gives one port twice", async () => {
    const plans = await planPorts({ nodeIds: [...nodeIds, "node3", "node4"], port: 0, earlier: [] });
    expect(new Set(plans.flatMap(({ port, databasePort }) => [port, databasePort])).size).toBe(8);
  });

  it("names the port in use and the option", async () => {
    const port = await findFreePort();
    await using _ = await listen(port);
    await expect(planPorts({ nodeIds: ["node1"], port, earlier: [] })).rejects.toThrow(
      `port ${port}, meant for node1, is in use; choose other ports with --port (1 in a row are needed, from the one that you name)`,
    );
    await expect(planPorts({ nodeIds, port: 65_535, earlier: [] })).rejects.toThrow("65536");
  });
});
