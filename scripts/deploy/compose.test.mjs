import { describe, expect, it } from "vitest";
import { readConfig } from "../../packages/node/src/config/node-config.ts";
import { readText, readYaml } from "./manifests.mjs";

const FILES = ["compose.yaml", "compose.mariadb.yaml", "compose.static.yaml"];

/** The parts that a compose file is put together of. @param {string} file @returns {any[]} */
function partsOf(file) {
  const { include } = readYaml(`docker/${file}`);
  return include[0].path.map((/** @type {string} */ path) => readYaml(`docker/${path}`));
}

/** What all parts say of a service's environment. @param {string} file @param {string} service */
function environmentOf(file, service) {
  const variables = Object.assign({}, ...partsOf(file).map((part) => part.services[service]?.environment));
  const texts = Object.entries(variables).map(([name, value]) => [name, withDefaults(String(value))]);
  return Object.fromEntries(texts);
}

/** `${NAME:-default}` as it is where nothing is set. @param {string} text */
function withDefaults(text) {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
}

describe.each(FILES)("docker/%s", (file) => {
  it.each(["master", "slave1", "slave2"])("gives %s settings that it accepts", (service) => {
    const { UNDERSTUDY_DATABASE_URL_FILE: secret, ...environment } = environmentOf(file, service);
    expect(secret).toBe("/run/secrets/database-url");
    const config = readConfig(
      { UNDERSTUDY_HOST: "0.0.0.0", UNDERSTUDY_DATABASE_URL: "mysql://understudy@database", ...environment },
      service === "master" ? "master" : "slave",
    );
    expect(config.nodeId).toBe(service);
    expect(config.advertisedUrl).toBe(`http://${service}:${config.port}`);
    expect(config.hasElections).toBe(file !== "compose.static.yaml");
  });

  it("hands over only secrets that make-secrets.sh makes", () => {
    const made = [...readText("docker/make-secrets.sh").matchAll(/^keep (\S+)/gm)].map(([, name]) => name);
    const parts = partsOf(file);
    const used = parts.flatMap((part) =>
      Object.values(part.services).flatMap((/** @type {any} */ service) => service.secrets ?? []),
    );
    expect(used).not.toEqual([]);
    for (const name of used) expect(made).toContain(name);
    for (const part of parts) {
      for (const [name, secret] of Object.entries(part.secrets ?? {})) {
        expect(secret).toEqual({ file: `./secrets/${name}` });
      }
    }
  });

  it("limits and checks every service that runs", () => {
    const merged = new Map();
    for (const part of partsOf(file)) {
      for (const [name, service] of Object.entries(part.services)) {
        merged.set(name, { ...merged.get(name), .../** @type {object} */ (service) });
      }
    }
    merged.delete("dashboard");
    expect(merged.size).toBeGreaterThan(8);
    for (const [name, service] of merged) {
      expect(Object.keys(service), name).toEqual(
        expect.arrayContaining(["healthcheck", "mem_limit", "cpus", "restart", "networks"]),
      );
    }
  });
});

it("docker/.env.example names what the compose files ask for, with their defaults", () => {
  const told = readText("docker/.env.example").matchAll(/^#(\w+)=(.*)$/gm);
  const examples = new Map([...told].map(([, name, value]) => [name, value]));
  const texts = ["nodes", "mysql", "mariadb", "etcd", "static", "proxy", "observability"].map((part) =>
    readText(`docker/parts/${part}.yaml`),
  );
  const asked = new Map(
    [...texts.join("\n").matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [name, value]),
  );
  expect(Object.fromEntries(examples)).toEqual(Object.fromEntries(asked));
});
