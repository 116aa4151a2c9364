import { expect, it } from "vitest";
import { parseConfigFile } from "./config-file.ts";
import { loadConfig } from "./node-config.ts";
import { describeConfig, printConfig } from "./shown-config.ts";

const SECRETS = {
  UNDERSTUDY_DATABASE_URL: "mysql://root:secret-word@127.0.0.1:3306",
  UNDERSTUDY_ETCD_USER: "node",
  UNDERSTUDY_ETCD_PASSWORD: "secret-word",
  UNDERSTUDY_ETCD: "http://etcd:secret-word@etcd1:2379",
  UNDERSTUDY_CLUSTER_ID: "shop",
};

it("shows every setting with its source, and no secret", () => {
  const shown = describeConfig(loadConfig({ environment: SECRETS }, "slave"));
  expect(shown).not.toContain("secret-word");
  expect(shown).toMatch(/^UNDERSTUDY_DATABASE_URL +\[redacted\] +environment$/m);
  expect(shown).toMatch(/^UNDERSTUDY_ETCD_PASSWORD +\[redacted\] +environment$/m);
  expect(shown).toMatch(/^UNDERSTUDY_PORT +8084 +default$/m);
  expect(shown).toMatch(/^UNDERSTUDY_NODE_ID +- +not set$/m);
});

it("prints a file that gives the same configuration again", () => {
  const before = loadConfig(
    { environment: { ...SECRETS, UNDERSTUDY_ETCD: "http://a:1,http://b:2" } },
    "slave",
  );
  const text = printConfig(before);
  expect(text).not.toContain("secret-word");
  const { UNDERSTUDY_DATABASE_URL, UNDERSTUDY_ETCD_PASSWORD } = SECRETS;
  const file = parseConfigFile("printed.yaml", text);
  const after = loadConfig(
    { environment: { UNDERSTUDY_DATABASE_URL, UNDERSTUDY_ETCD_PASSWORD }, file },
    "slave",
  );
  expect(after.config).toEqual(before.config);
});
