import { describe, expect, it } from "vitest";
import { parseConfigFile, readConfigFile } from "./config-file.ts";
import { loadConfig } from "./node-config.ts";

const DATABASE = "databaseUrl: mysql://root:secret-word@127.0.0.1:3306";

function load(text: string, environment: Readonly<Record<string, string>> = {}) {
  return loadConfig({ environment, file: parseConfigFile("node.yaml", text) }, "master");
}

describe("a configuration file", () => {
  it("gives settings of every type, and tells where each comes from", () => {
    const text = `${DATABASE}\nport: 8090\npromotable: false\netcd:\n  - http://a:2379\n  - http://b:2379\nclusterId: shop\ndefaultAck: 1\nnodeId:\n`;
    const { config, origins } = load(text);
    expect(config).toMatchObject({
      port: 8090,
      promotable: false,
      etcd: ["http://a:2379", "http://b:2379"],
      defaultAck: 1,
    });
    expect(config.nodeId).toBeUndefined();
    expect(config.databaseUrl.reveal()).toContain("secret-word");
    expect(origins.get("port")).toBe("node.yaml:2");
    expect(origins.has("host")).toBe(false);
  });

  it("may be JSON", () => {
    expect(load('{"databaseUrl": "mysql://a@b", "port": 1}').config.port).toBe(1);
  });

  it("is overruled by the environment", () => {
    const { config, origins } = load(`${DATABASE}\nport: 8090\n`, { UNDERSTUDY_PORT: "8091" });
    expect(config.port).toBe(8091);
    expect(origins.get("port")).toBe("environment");
  });

  it("has its problems told together with the environment's, by their places, and without secrets", () => {
    const text = `${DATABASE}\ndatabaseUrlFile: /nonexistent\nport: many\ncolour: blue\netcd: ["http://u:hidden-word@h/x"]\n1: 2\n`;
    let message = "";
    try {
      load(text, { UNDERSTUDY_LOG_LEVEL: "loud" });
    } catch (error) {
      message = String(error);
    }
    for (const part of [
      /node\.yaml:2: databaseUrlFile and databaseUrl are both given/,
      /node\.yaml:3: port .*"many"/,
      /node\.yaml:4: colour is not a setting/,
      /node\.yaml:5: etcd/,
      /node\.yaml:6: the name of a setting must be a word/,
      /UNDERSTUDY_LOG_LEVEL/,
    ])
      expect(message).toMatch(part);
    expect(message).not.toMatch(/secret-word|hidden-word/);
  });

  it("that is none is one problem: missing, no map, broken, a name twice, endless aliases", () => {
    expect(readConfigFile("/nonexistent/x.yaml").problems).toEqual([
      expect.stringContaining("/nonexistent/x.yaml can't be read"),
    ]);
    for (const text of [
      "just words",
      "- a\n- b",
      "a: [",
      "port: 1\nport: 2",
      "port: 1\n\tx: 2",
      "a: *none",
    ]) {
      expect(parseConfigFile("f.yaml", text).problems.length, text).toBeGreaterThan(0);
    }
    expect(parseConfigFile("f.yaml", "# nothing yet\n")).toMatchObject({ problems: [] });
  });
});
