import { describe, expect, it } from "vitest";
import { readConfig } from "./node-config.ts";

const DATABASE = { UNDERSTUDY_DATABASE_URL: "mysql://root:secret@127.0.0.1:3306" };

describe("a rule to break", () => {
  it("is taken in tests alone", () => {
    const environment = { ...DATABASE, UNDERSTUDY_UNSAFE_BROKEN_RULE: "fence" };
    expect(readConfig({ ...environment, NODE_ENV: "test" }, "master").brokenRule).toBe("fence");
    for (const NODE_ENV of [undefined, "", "production", "development"])
      expect(() => readConfig({ ...environment, NODE_ENV }, "master")).toThrow(/only taken in tests/);
  });

  it("is none by default, and one that there is", () => {
    expect(readConfig(DATABASE, "master").brokenRule).toBeNull();
    const environment = { ...DATABASE, NODE_ENV: "test", UNDERSTUDY_UNSAFE_BROKEN_RULE: "gravity" };
    expect(() => readConfig(environment, "master")).toThrow(/takes fence, epoch-check, acks, sync-order/);
  });
});
