import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom, systemClock, type Clock } from "@understudy/kernel";
import { openTcpProxy, type TcpProxy, type TcpProxyOptions } from "./tcp-proxy.ts";

/** A server that answers each piece with itself. */
let echo: Server;
let served: Socket[] = [];
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  served = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  stack.defer(() => {
    echo.close();
    for (const socket of served) socket.destroy();
  });
});

afterEach(() => stack.disposeAsync());

function targetOf(server: Server): TcpProxyOptions["target"] {
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

async function openProxy(options: Partial<TcpProxyOptions> = {}): Promise<TcpProxy> {
  return stack.use(await openTcpProxy({ target: targetOf(echo), ...options }));
}

/** A client that remembers what it heard and how it ended. */
class Caller {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  heard = Buffer.alloc(0);
  error: string | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => (this.heard = Buffer.concat([this.heard, chunk])));
    socket.on("error", (error) => (this.error = "code" in error ? String(error.code) : error.message));
    this.closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
  }

  async hears(bytes: number): Promise<Buffer> {
    while (this.heard.length < bytes) await once(this.socket, "data");
    return this.heard;
  }
}

async function call(proxy: TcpProxy): Promise<Caller> {
  const socket = connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true });
  const caller = new Caller(socket);
  stack.defer(() => {
    socket.destroy();
  });
  const connected = new Promise<void>((resolve) => {
    socket.once("connect", () => resolve());
  });
  await Promise.race([connected, caller.closed]);
  return caller;
}

/** A connection that is known to be open on both sides. */
async function callThrough(proxy: TcpProxy): Promise<Caller> {
  const caller = await call(proxy);
  caller.socket.write("hello");
  await caller.hears(5);
  return caller;
}

describe("TcpProxy", () => {
  it("passes bytes on unchanged, both ways, and the end of each direction", async () => {
    const proxy = await openProxy();
    const caller = await call(proxy);
    const sent = Buffer.from(Array.from({ length: 5_000_000 }, (_, n) => n % 251));
    caller.socket.end(sent);
    await once(caller.socket, "end");
    caller.socket.destroy();
    await caller.closed;
    expect(caller.heard.equals(sent)).toBe(true);
    expect(caller.error).toBeNull();
    expect(proxy.counts).toEqual({
      accepted: 1,
      cut: 0,
      bytesToTarget: sent.length,
      bytesToClient: sent.length,
    });
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it("reads no further than the other side takes", async () => {
    const slow = createServer({ pauseOnConnect: true }, (socket) => {
      served.push(socket);
      socket.on("error", () => undefined);
    });
    slow.listen(0, "127.0.0.1");
    await once(slow, "listening");
    stack.defer(() => {
      slow.close();
    });
    const proxy = await openProxy({ target: targetOf(slow) });
    const caller = await call(proxy);
    const all = 100_000_000;
    caller.socket.write(Buffer.alloc(all));
    // the kernel's own buffers fill first; where nothing moves any more, they are full
    let passed = -1;
    while (passed !== proxy.counts.bytesToTarget || passed === 0) {
      passed = proxy.counts.bytesToTarget;
      await systemClock.sleep(100);
    }
    expect(passed).toBeLessThan(all / 2);
    served[0]?.resume();
    await expect.poll(() => proxy.counts.bytesToTarget, { timeout: 20_000 }).toBe(all);
  });

  it("resets every connection, on both sides", async () => {
    const proxy = await openProxy();
    const callers = [await callThrough(proxy), await callThrough(proxy)];
    const ends = served.map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    expect(proxy.cutAll()).toBe(2);
    await Promise.all([...callers.map(({ closed }) => closed), ...ends]);
    expect(callers.map(({ error }) => error)).toEqual(["ECONNRESET", "ECONNRESET"]);
    expect(proxy.connections).toBe(0);
    expect(proxy.counts.cut).toBe(2);
    await callThrough(proxy);
  });

  it("resets one by chance, the same for the same seed", async () => {
    const victims: number[] = [];
    for (let run = 0; run < 2; run++) {
      const proxy = await openProxy({ random: seededRandom(4) });
      const callers = [await callThrough(proxy), await callThrough(proxy), await callThrough(proxy)];
      expect(proxy.cutOne()).toBe(true);
      victims.push(await Promise.race(callers.map(({ closed }, index) => closed.then(() => index))));
      expect(proxy.connections).toBe(2);
    }
    expect(victims[0]).toBe(victims[1]);
  });

  it("has nothing to cut without a connection", async () => {
    const proxy = await openProxy();
    expect(proxy.cutOne()).toBe(false);
    expect(proxy.cutAll()).toBe(0);
  });

  it("lets a request through and not its answer", async () => {
    const proxy = await openProxy();
    const caller = await callThrough(proxy);
    let request = "";
    served[0]?.on("data", (chunk: Buffer) => (request += String(chunk)));
    proxy.cutAfter(0, "toClient");
    caller.socket.write("request");
    await caller.closed;
    expect(request).toBe("request");
    expect(String(caller.heard)).toBe("hello");
    expect(caller.error).toBe("ECONNRESET");
    expect(proxy.counts.cut).toBe(1);
    await callThrough(proxy);
  });

  it("cuts in the middle of an answer, once", async () => {
    const proxy = await openProxy();
    const caller = await callThrough(proxy);
    proxy.cutAfter(3, "toClient");
    caller.socket.write("answer");
    await caller.closed;
    expect(String(caller.heard)).toBe("helloans");
    expect(proxy.counts.cut).toBe(1);
    await callThrough(proxy);
  });

  it("takes back a cut that has not happened", async () => {
    const proxy = await openProxy();
    const caller = await callThrough(proxy);
    proxy.cutAfter(0, "toTarget");
    proxy.cancelCut();
    caller.socket.write("more");
    await caller.hears(9);
    expect(proxy.counts.cut).toBe(0);
  });

  it("refuses new connections, keeps open ones, and accepts again on the same port", async () => {
    const proxy = await openProxy();
    const { port } = proxy;
    const caller = await callThrough(proxy);
    proxy.refuse();
    const refused = await call(proxy);
    await refused.closed;
    expect(refused.error).toBe("ECONNREFUSED");
    caller.socket.write("on");
    await caller.hears(7);
    await proxy.accept();
    expect(proxy.port).toBe(port);
    await callThrough(proxy);
  });

  it("resets a connection whose target is not there", async () => {
    const proxy = await openProxy();
    echo.close();
    const caller = await call(proxy);
    await caller.closed;
    expect(caller.error).toBe("ECONNRESET");
    expect(proxy.counts.cut).toBe(0);
  });

  it.each(["toTarget", "toClient", undefined] as const)(
    "holds bytes back (%s) until the thaw",
    async (way) => {
      const proxy = await openProxy();
      const caller = await callThrough(proxy);
      proxy.freeze(way);
      caller.socket.write("held");
      const passed = (): number => proxy.counts.bytesToTarget;
      if (way === "toClient") await expect.poll(passed).toBe(9);
      // a whole round trip on another way would be over by now
      const direct = connect(targetOf(echo));
      direct.write("x");
      await once(direct, "data");
      direct.destroy();
      expect(String(caller.heard)).toBe("hello");
      expect(passed()).toBe(way === "toClient" ? 9 : 5);
      proxy.thaw();
      expect(String(await caller.hears(9))).toBe("helloheld");
    },
  );

  it("ends a frozen connection when it is cut", async () => {
    const proxy = await openProxy();
    const caller = await callThrough(proxy);
    proxy.freeze();
    caller.socket.write("held");
    proxy.cutAll();
    await caller.closed;
    expect(String(caller.heard)).toBe("hello");
  });

  it("delays each piece by the clock", async () => {
    const sleeps: { readonly ms: number; readonly wake: () => void }[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms) => new Promise((wake) => void sleeps.push({ ms, wake })),
    };
    const proxy = await openProxy({ clock });
    const caller = await callThrough(proxy);
    proxy.delay(200);
    caller.socket.write("late");
    await expect.poll(() => sleeps.length).toBe(1);
    sleeps[0]?.wake();
    await expect.poll(() => sleeps.length).toBe(2);
    expect(String(caller.heard)).toBe("hello");
    sleeps[1]?.wake();
    expect(String(await caller.hears(9))).toBe("hellolate");
    expect(sleeps.map(({ ms }) => ms)).toEqual([200, 200]);
  });

  it("takes no more connections than it may", async () => {
    const proxy = await openProxy({ connectionsMax: 1 });
    await callThrough(proxy);
    const second = await call(proxy);
    await second.closed;
    expect(second.error).toBe("ECONNRESET");
    expect(proxy.counts.accepted).toBe(1);
  });

  it("resets what is open and stops listening at its disposal, also twice", async () => {
    const proxy = await openProxy();
    const caller = await callThrough(proxy);
    await proxy[Symbol.asyncDispose]();
    await caller.closed;
    await proxy[Symbol.asyncDispose]();
    const late = await call(proxy);
    await late.closed;
    expect(late.error).toBe("ECONNREFUSED");
  });
});
