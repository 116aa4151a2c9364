import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../packages/node/src/config/node-config.ts";
import {
  COMPOSE_FILES,
  mountedSecrets,
  mountedTexts,
  secretsOf,
  servicesOf,
  withDefaults,
  withMounted,
} from "./compose-files.mjs";
import { MadeSecrets } from "./made-secrets.mjs";
import { readText } from "./manifests.mjs";

/** @type {MadeSecrets} */
let made;
beforeAll(async () => {
  made = await MadeSecrets.open("docker/make-secrets.sh");
});
afterAll(() => made[Symbol.asyncDispose]());

/** The settings of a node as it would have them, with the paths of what it has mounted. @param {string} file @param {string} name */
function configOf(file, name) {
  const service = servicesOf(file).get(name) ?? {};
  const mounted = mountedSecrets(file, service);
  const { UNDERSTUDY_DATABASE_URL_FILE: url, ...environment } = service.environment;
  expect(url).toBe("/run/secrets/database-url");
  const texts = {
    ...environment,
    UNDERSTUDY_HOST: "0.0.0.0",
    UNDERSTUDY_DATABASE_URL: made.read("database-url"),
  };
  const entries = Object.entries(texts).map(([key, value]) => [
    key,
    withMounted(withDefaults(String(value)), mounted, made.folder),
  ]);
  return readConfig(Object.fromEntries(entries), name === "master" ? "master" : "slave");
}

/** @param {string} service @param {string} authority @param {readonly string[]} hosts */
function expectKnownAs(service, authority, hosts) {
  for (const host of [...hosts, "localhost", "127.0.0.1"]) {
    expect(made.problemOf(`${service}.crt`, authority, host), service).toBeNull();
  }
}

describe.each(COMPOSE_FILES)("docker/%s", (file) => {
  const services = servicesOf(file);

  it.each(["master", "slave1", "slave2"])("gives %s settings and files that it accepts", (name) => {
    const config = configOf(file, name);
    expect(config.nodeId).toBe(name);
    expect(config.advertisedUrl).toBe(`https://${name}:${config.port}`);
    expect(config.hasElections).toBe(file !== "compose.static.yaml");
    expect(config.tokensFile).toBeDefined();
    expect(config.tlsClientAuth).toBe("nodes");
  });

  it("hands over only secrets that make-secrets.sh makes, and each that a service asks for", () => {
    for (const [name, path] of secretsOf(file)) {
      expect(path).toBe(name);
      expect(made.read(path)).not.toBe("");
    }
    let asked = 0;
    for (const [name, service] of services) {
      const mounted = mountedSecrets(file, service);
      for (const text of [JSON.stringify(service), ...mountedTexts(service)]) {
        expect(() => withMounted(text, mounted, made.folder), name).not.toThrow();
        asked += text.split("/run/secrets/").length - 1;
      }
    }
    expect(asked).toBeGreaterThan(20);
  });

  it("keeps the authorities' keys, and what people and applications have, from all containers", () => {
    const handedOver = [...services.values()].flatMap((service) => [
      ...mountedSecrets(file, service).values(),
    ]);
    for (const name of ["ca.key", "database-ca.key", "etcd-ca.key", "app-token", "curl"]) {
      expect(made.read(name)).not.toBe("");
      expect(handedOver).not.toContain(name);
    }
  });

  it("limits and checks every service that runs", () => {
    const running = [...services].filter(([name]) => name !== "dashboard");
    expect(running.length).toBeGreaterThan(8);
    for (const [name, service] of running) {
      expect(Object.keys(service), name).toEqual(
        expect.arrayContaining(["healthcheck", "mem_limit", "cpus", "restart", "networks"]),
      );
    }
  });
});

describe.each(COMPOSE_FILES)("the certificates for docker/%s", (file) => {
  it.each(["master", "slave1", "slave2"])(
    "certifies %s and its database server for the names that they are called by",
    (name) => {
      const [, checked] =
        readText("docker/proxy/haproxy.cfg").match(RegExp(`server ${name} (\\w+):808\\d`)) ?? [];
      expectKnownAs(name, "ca.crt", [
        new URL(String(configOf(file, name).advertisedUrl)).hostname,
        String(checked),
      ]);
      expectKnownAs(`${name}-database`, "database-ca.crt", [
        new URL(made.read("database-url")).hostname,
        "proxy",
      ]);
      expect(made.problemOf(`${name}-database.crt`, "ca.crt", "localhost")).not.toBeNull();
    },
  );

  it("certifies etcd for the names that it is called by", () => {
    const { UNDERSTUDY_ETCD: etcd = "" } = servicesOf(file).get("master")?.environment ?? {};
    const members =
      etcd === "" ? [] : etcd.split(",").map((/** @type {string} */ url) => new URL(url).hostname);
    expect(members).toHaveLength(file === "compose.static.yaml" ? 0 : 3);
    for (const name of members) {
      const { environment } = servicesOf(file).get(name) ?? {};
      const told = [environment.ETCD_ADVERTISE_CLIENT_URLS, environment.ETCD_INITIAL_ADVERTISE_PEER_URLS];
      for (const url of told) expect(new URL(url)).toMatchObject({ protocol: "https:", hostname: name });
      expectKnownAs(name, "etcd-ca.crt", [name]);
    }
  });
});

it("docker/.env.example names what the compose files ask for, with their defaults", () => {
  const told = readText("docker/.env.example").matchAll(/^#(\w+)=(.*)$/gm);
  const examples = new Map([...told].map(([, name, value]) => [name, value]));
  const texts = ["nodes", "tls", "mysql", "mariadb", "etcd", "static", "proxy", "observability"].map((part) =>
    readText(`docker/parts/${part}.yaml`),
  );
  const asked = new Map(
    [...texts.join("\n").matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [name, value]),
  );
  expect(Object.fromEntries(examples)).toEqual(Object.fromEntries(asked));
});
