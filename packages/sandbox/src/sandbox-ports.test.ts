import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { reservePort } from "@understudy/database-server";
import { planPorts, type PortWish } from "./sandbox-ports.ts";

const nodeIds = ["node1", "node2"];

async function listen(port: number): Promise<AsyncDisposable> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(port, "127.0.0.1", resolve);
  await promise;
  return { [Symbol.asyncDispose]: () => new Promise((done) => void server.close(() => done())) };
}

/** What a sandbox gets that is gone again at once. */
async function planOnce(wish: PortWish) {
  await using stack = new AsyncDisposableStack();
  return await planPorts(stack, wish);
}

describe("the ports of a sandbox", () => {
  it("keeps what an earlier run had, but for what is taken by now", async () => {
    const earlier = await planOnce({ nodeIds, port: 0, earlier: [] });
    expect(await planOnce({ nodeIds, port: 0, earlier })).toEqual(earlier);
    const [first, second] = earlier;
    await using _ = await listen(first?.databasePort ?? 0);
    const again = await planOnce({ nodeIds, port: 0, earlier });
    expect(again[0]?.databasePort).not.toBe(first?.databasePort);
    expect(again[1]).toEqual(second);
  });

  it("gives no port twice, also to two sandboxes", async () => {
    await using stack = new AsyncDisposableStack();
    const earlier = await planPorts(stack, { nodeIds, port: 0, earlier: [] });
    const plans = [...earlier, ...(await planPorts(stack, { nodeIds, port: 0, earlier }))];
    expect(new Set(plans.flatMap(({ port, databasePort }) => [port, databasePort])).size).toBe(8);
  });

  it("takes the ports that a person names, and chooses others besides", async () => {
    await using reservation = await reservePort();
    const { port } = reservation;
    const earlier = [{ nodeId: "node1", port: 0, databasePort: port }];
    const [node] = await planOnce({ nodeIds: ["node1"], port, earlier });
    expect(node?.port).toBe(port);
    expect(node?.databasePort).not.toBe(port);
  });

  it("names the port in use and the option", async () => {
    await using reservation = await reservePort();
    const { port } = reservation;
    await using _ = await listen(port);
    await expect(planOnce({ nodeIds: ["node1"], port, earlier: [] })).rejects.toThrow(
      `port ${port}, meant for node1, is in use; choose other ports with --port (1 in a row are needed, from the one that you name)`,
    );
    await expect(planOnce({ nodeIds, port: 65_535, earlier: [] })).rejects.toThrow("65536");
  });
});
