import { describe, expect, it } from "vitest";
import { httpUrl, readConfig } from "./node-config.ts";

const DATABASE = { UNDERSTUDY_DATABASE_URL: "mysql://root:pw@127.0.0.1:3306" };

describe("a node's configuration", () => {
  it("needs nothing but its database on a master, and is frozen", () => {
    const config = readConfig({ ...DATABASE, PATH: "/bin" }, "master");
    expect(config).toMatchObject({ port: 8083, host: "127.0.0.1", probeIntervalMs: 5000, logLevel: "info" });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("takes an ack level by its name or as a number, and no other", () => {
    const ackOf = (text: string): unknown =>
      readConfig({ ...DATABASE, UNDERSTUDY_DEFAULT_ACK: text }, "master").defaultAck;
    expect(readConfig(DATABASE, "master").defaultAck).toBe("async");
    expect(["async", "majority", "all", "1", "63"].map(ackOf)).toEqual(["async", "majority", "all", 1, 63]);
    for (const text of ["0", "64", "-1", "1.5", "some", "Majority"]) {
      expect(() => ackOf(text)).toThrow(/UNDERSTUDY_DEFAULT_ACK/);
    }
  });

  it("takes every cluster id that a node may have made itself", () => {
    for (const id of ["-J-GHXJSUlf_", "_TJ-GHXJSUlf", "shop.eu"]) {
      expect(readConfig({ ...DATABASE, UNDERSTUDY_CLUSTER_ID: id }, "master").clusterId).toBe(id);
    }
    expect(() => readConfig({ ...DATABASE, UNDERSTUDY_CLUSTER_ID: "a/b" }, "master")).toThrow(
      /UNDERSTUDY_CLUSTER_ID/,
    );
  });

  it("takes IPv6 addresses, in brackets where they are part of a URL", () => {
    const environment = {
      UNDERSTUDY_DATABASE_URL: "mysql://root:pw@[::1]:3306",
      UNDERSTUDY_HOST: "::1",
      UNDERSTUDY_ADVERTISED_URL: "http://[fd00::7]:8083",
      UNDERSTUDY_ETCD: "http://[::1]:2379,http://[fd00::8]:2379",
      UNDERSTUDY_CLUSTER_ID: "shop",
    };
    expect(readConfig(environment, "master")).toMatchObject({
      host: "::1",
      advertisedUrl: "http://[fd00::7]:8083",
      etcd: ["http://[::1]:2379", "http://[fd00::8]:2379"],
    });
    expect(httpUrl("::1", 8083)).toBe("http://[::1]:8083");
    // like 0.0.0.0 it is reached by others
    expect(() => readConfig({ ...environment, UNDERSTUDY_HOST: "::" }, "master")).toThrow(/UNDERSTUDY_HOST/);
  });

  it("never shows the database's password", () => {
    const config = readConfig(DATABASE, "master");
    expect(JSON.stringify(config)).not.toContain("pw@");
    expect(config.databaseUrl.toString()).toBe("[redacted]");
    expect(config.databaseUrl.reveal()).toContain("pw@");
  });

  it("names every problem at once", () => {
    const environment = {
      UNDERSTUDY_PORT: "eighty",
      UNDERSTUDY_LOG_LEVEL: "loud",
      UNDERSTUDY_ALLOW_OPEN_ACCESS: "maybe",
      UNDERSTUDY_TYPO: "1",
    };
    expect(() => readConfig(environment, "slave")).toThrow(
      expect.objectContaining({
        code: "config-invalid",
        message: expect.stringMatching(
          /(?=[^]*UNDERSTUDY_PORT)(?=[^]*UNDERSTUDY_LOG_LEVEL)(?=[^]*UNDERSTUDY_ALLOW_OPEN_ACCESS)(?=[^]*UNDERSTUDY_TYPO)(?=[^]*UNDERSTUDY_DATABASE_URL is required)/,
        ),
      }),
    );
  });

  it("asks a slave for its master", () => {
    expect(() => readConfig(DATABASE, "slave")).toThrow(/UNDERSTUDY_MASTER_URL is required/);
    const config = readConfig({ ...DATABASE, UNDERSTUDY_MASTER_URL: "http://127.0.0.1:8083" }, "slave");
    expect(config).toMatchObject({ port: 8084, probeIntervalMs: 10_000 });
  });

  it("refuses to listen beyond loopback unless it is told so in words", () => {
    const open = { ...DATABASE, UNDERSTUDY_HOST: "0.0.0.0" };
    expect(() => readConfig(open, "master")).toThrow(/anyone could read and write/);
    expect(readConfig({ ...open, UNDERSTUDY_ALLOW_OPEN_ACCESS: "true" }, "master").host).toBe("0.0.0.0");
  });

  it("refuses probes that would overlap", () => {
    const environment = {
      ...DATABASE,
      UNDERSTUDY_PROBE_INTERVAL_MS: "1000",
      UNDERSTUDY_PROBE_TIMEOUT_MS: "2000",
    };
    expect(() => readConfig(environment, "master")).toThrow(/overlap/);
  });

  it("reads lists, and a secret from a file; both at once are refused", () => {
    const config = readConfig(
      { ...DATABASE, UNDERSTUDY_CORS_ORIGINS: "https://a.example, loopback" },
      "master",
    );
    expect(config.corsOrigins).toEqual(["https://a.example", "loopback"]);
    expect(() => readConfig({ ...DATABASE, UNDERSTUDY_DATABASE_URL_FILE: "/nonexistent" }, "master")).toThrow(
      /both given/,
    );
    expect(() => readConfig({ UNDERSTUDY_DATABASE_URL_FILE: "/nonexistent" }, "master")).toThrow(
      /no such file/,
    );
  });
});

describe("tokens in the configuration", () => {
  const TOKENS = { UNDERSTUDY_TOKENS_FILE: "/etc/tokens.json", UNDERSTUDY_NODE_TOKEN: "a-token-of-the-node" };

  it("let a node listen beyond loopback, which it else does not", () => {
    const open = { ...DATABASE, UNDERSTUDY_HOST: "0.0.0.0" };
    expect(() => readConfig(open, "master")).toThrow(/UNDERSTUDY_TOKENS_FILE.*UNDERSTUDY_ALLOW_OPEN_ACCESS/);
    expect(readConfig({ ...open, ...TOKENS }, "master").host).toBe("0.0.0.0");
    expect(readConfig({ ...open, UNDERSTUDY_ALLOW_OPEN_ACCESS: "true" }, "master").host).toBe("0.0.0.0");
  });

  it("need the node's own, which is never shown", () => {
    const { UNDERSTUDY_NODE_TOKEN: _, ...without } = TOKENS;
    expect(() => readConfig({ ...DATABASE, ...without }, "master")).toThrow(
      /UNDERSTUDY_NODE_TOKEN is required/,
    );
    const config = readConfig({ ...DATABASE, ...TOKENS }, "master");
    expect(config.nodeToken?.reveal()).toBe("a-token-of-the-node");
    expect(JSON.stringify(config)).not.toContain("a-token-of-the-node");
  });
});
