import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenStore } from "../../packages/node/src/access/token-store.ts";
import { silentLogger, systemClock } from "../../packages/kernel/src/index.ts";
import { MadeSecrets } from "./made-secrets.mjs";

/** Each script, and where it puts what. */
const SCRIPTS = [
  {
    script: "docker/make-secrets.sh",
    tokens: "access/tokens.json",
    nodeToken: "node-token",
    own: "",
    database: "",
  },
  {
    script: "deploy/kubernetes/make-secrets.sh",
    tokens: "understudy-access/tokens.json",
    nodeToken: "understudy-access/node-token",
    own: "kept/",
    database: "understudy-database/",
  },
];

/** All files with their texts. @param {MadeSecrets} made @returns {Record<string, string>} */
function files(made) {
  return Object.fromEntries(
    readdirSync(made.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(made.folder.length + 1))
      .map((name) => [name, made.read(name)]),
  );
}

describe.each(SCRIPTS)("$script", ({ script, tokens, nodeToken, own, database }) => {
  /** @type {MadeSecrets} */
  let made;
  beforeAll(async () => {
    made = await MadeSecrets.open(script);
  });
  afterAll(() => made[Symbol.asyncDispose]());

  it("makes tokens that a node takes, each for what its name says", async () => {
    const path = join(made.folder, tokens);
    const options = { path, clock: systemClock, logger: silentLogger, onChange: () => {} };
    await using store = await TokenStore.open(options);
    const rightsOf = (/** @type {string} */ name) => store.find(made.read(name))?.rights;
    expect(rightsOf(`${own}operator-token`)).toEqual(new Set(["read", "write", "ddl", "monitor", "admin"]));
    expect(rightsOf(`${own}app-token`)).toEqual(new Set(["read", "write"]));
    expect(rightsOf(`${own}monitor-token`)).toEqual(new Set(["monitor"]));
    expect(rightsOf(nodeToken)).toEqual(new Set(["replicate"]));
    expect(made.read(tokens)).not.toContain(made.read(nodeToken));
  });

  it("keeps to its owner what is for nobody else", () => {
    const modeOf = (/** @type {string} */ name) => statSync(join(made.folder, name)).mode & 0o777;
    expect(modeOf(".")).toBe(0o700);
    for (const name of [`${own}ca.key`, `${own}etcd-ca.key`, `${own}app-token`])
      expect(modeOf(name)).toBe(0o600);
  });

  it("makes a password for the database server, which the node's URL has", () => {
    const password = made.read(`${database}database-password`);
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(new URL(made.read(`${database}database-url`)).password).toBe(password);
  });

  it("keeps what is there", async () => {
    const before = files(made);
    await made.run();
    expect(files(made)).toEqual(before);
  });
});

// the way of both scripts, tried with the one that makes fewer certificates
it("certificates are signed anew, for the same keys, where that is asked for or needed", async () => {
  await using made = await MadeSecrets.open("deploy/kubernetes/make-secrets.sh");
  const first = files(made);
  await made.run(["db.example.com", "10.0.0.7"]);
  const second = files(made);
  const changed = Object.keys(first).filter((name) => first[name] !== second[name]);
  const certificates = ["understudy-etcd-client", "understudy-etcd-tls", "understudy-tls"].map(
    (one) => `${one}/tls.crt`,
  );
  expect(changed.toSorted()).toEqual(["hosts", ...certificates]);
  for (const name of certificates) {
    const key = createPrivateKey(made.read(name.replace(".crt", ".key")));
    expect(new X509Certificate(made.read(name)).checkPrivateKey(key)).toBe(true);
  }
  for (const host of ["db.example.com", "10.0.0.7", "localhost"]) {
    expect(made.problemOf("understudy-tls/tls.crt", "kept/ca.crt", host)).toBeNull();
  }
  // what another authority has signed counts for nothing
  for (const name of ["kept/ca.crt", "kept/ca.key"]) writeFileSync(join(made.folder, name), "");
  await made.run();
  expect(made.problemOf("understudy-tls/tls.crt", "kept/ca.crt", "db.example.com")).toBeNull();
  expect(made.read("understudy-tls/ca.crt")).toBe(made.read("kept/ca.crt"));
  expect(made.read("understudy-etcd-tls/tls.crt")).toBe(second["understudy-etcd-tls/tls.crt"]);
});
