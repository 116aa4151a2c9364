import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as apps from "kubernetes-models/apps/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as core from "kubernetes-models/v1";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../packages/node/src/config/node-config.ts";
import { readText, readYaml, resourcesOf, ROOT } from "./manifests.mjs";

/** @typedef {import("./manifests.mjs").Resource} Resource */

const run = promisify(execFile);

/** @type {Readonly<Record<string, Readonly<Record<string, unknown>>>>} */
const MODELS = { v1: core, "apps/v1": apps, "policy/v1": policy, "networking.k8s.io/v1": networking };
/** @type {Readonly<Record<string, string>>} */
const TYPES = { v1: "core", "apps/v1": "apps", "policy/v1": "policy", "networking.k8s.io/v1": "networking" };

/** @param {Resource} resource */
function validate({ apiVersion, kind, ...rest }) {
  const Model = MODELS[apiVersion]?.[kind];
  if (typeof Model !== "function") throw new Error(`no schema of ${apiVersion} ${kind}`);
  Reflect.construct(Model, [rest]).validate();
}

/**
 * What TypeScript says of the resources as literals of Kubernetes' types: fields that there are none of, and values of another type.
 * @param {readonly Resource[]} resources
 */
async function typeErrors(resources) {
  const folder = await mkdtemp(join(ROOT, "node_modules", ".manifests-"));
  try {
    const lines = resources.map(({ apiVersion, kind, ...rest }, at) => {
      const type = `import("kubernetes-types/${TYPES[apiVersion]}/v1").${kind}`;
      return `export const resource${at}: ${type} = ${JSON.stringify({ apiVersion, kind, ...rest })};`;
    });
    await writeFile(join(folder, "manifests.ts"), lines.join("\n"));
    const options = ["--noEmit", "--strict", "--module", "preserve", "--skipLibCheck", "--ignoreConfig"];
    await run(join(ROOT, "node_modules", ".bin", "tsc"), [...options, join(folder, "manifests.ts")]);
    return "";
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param {readonly Resource[]} resources @param {string} kind @param {string} name */
function find(resources, kind, name) {
  const found = resources.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

describe.each(["base", "mariadb"])("the manifests of deploy/kubernetes/%s", (name) => {
  const folder = `deploy/kubernetes/${name}`;
  const resources = resourcesOf(folder);
  const pod = find(resources, "StatefulSet", "understudy").spec.template;
  const [database] = pod.spec.initContainers;
  const [node] = pod.spec.containers;

  it("are valid by Kubernetes' schemas", () => {
    for (const resource of resources) {
      expect(() => validate(resource), `${resource.kind} ${resource.metadata.name}`).not.toThrow();
    }
  });

  it("have no field that Kubernetes does not know", { timeout: 120_000 }, async () => {
    expect(await typeErrors(resources)).toBe("");
  });

  it("give nodes settings that they accept", () => {
    const values = Object.fromEntries(
      node.env.map((/** @type {any} */ one) => [one.name, one.value ?? "understudy-0"]),
    );
    const expanded = Object.entries(values)
      .filter(([key]) => key.startsWith("UNDERSTUDY_") && key !== "UNDERSTUDY_DATABASE_URL_FILE")
      .map(([key, value]) => [key, String(value).replaceAll(/\$\((\w+)\)/g, (_, one) => values[one])]);
    const config = readConfig(
      {
        ...Object.fromEntries(expanded),
        UNDERSTUDY_DATABASE_URL: "mysql://understudy@127.0.0.1",
        UNDERSTUDY_HOST: "0.0.0.0",
      },
      "master",
    );
    expect(config.advertisedUrl).toBe("http://understudy-0.understudy-nodes:8083");
    expect(config.allowedHosts).toContain("understudy.understudy-0.svc");
    expect(pod.spec.enableServiceLinks).toBe(false);
  });

  it("start the database server of their flavour beside the node", () => {
    expect(database.restartPolicy).toBe("Always");
    expect(database.image).toBe(name === "base" ? "mysql:9" : "mariadb:11");
    const variables = database.env.map((/** @type {any} */ one) => one.name);
    expect(variables).toContain(name === "base" ? "MYSQL_ROOT_PASSWORD_FILE" : "MARIADB_ROOT_PASSWORD_FILE");
  });

  it("configure database servers as the compose files do", () => {
    const part = name === "base" ? "mysql.cnf" : "mariadb.cnf";
    expect(readText(`${folder}/server.cnf`)).toBe(readText(`docker/parts/${part}`));
    expect(readText("deploy/kubernetes/base/create-account.sh")).toBe(
      readText("docker/parts/create-account.sh"),
    );
    for (const { files } of readYaml(`${folder}/kustomization.yaml`).configMapGenerator) {
      for (const file of files) expect(readText(`${folder}/${file}`)).not.toBe("");
    }
  });
});

describe.each(["base", "mariadb"])("the names in deploy/kubernetes/%s", (name) => {
  const resources = resourcesOf(`deploy/kubernetes/${name}`);

  it("select pods that there are", () => {
    const labels = resources
      .filter(({ kind }) => kind === "StatefulSet")
      .map(({ spec }) => spec.template.metadata.labels["app.kubernetes.io/name"]);
    const selectors = resources.flatMap(({ kind, spec }) =>
      kind === "Service"
        ? [spec.selector]
        : kind === "PodDisruptionBudget"
          ? [spec.selector.matchLabels]
          : [],
    );
    expect(selectors).toHaveLength(5);
    for (const selector of selectors) expect(labels).toContain(selector["app.kubernetes.io/name"]);
    for (const { spec } of resources.filter(({ kind }) => kind === "StatefulSet")) {
      find(resources, "Service", spec.serviceName);
      expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
    }
  });

  it("mount volumes that there are", () => {
    for (const { spec } of resources.filter(({ kind }) => kind === "StatefulSet")) {
      const volumes = [
        ...(spec.template.spec.volumes ?? []).map((/** @type {any} */ one) => one.name),
        ...spec.volumeClaimTemplates.map((/** @type {any} */ one) => one.metadata.name),
      ];
      const containers = [...(spec.template.spec.initContainers ?? []), ...spec.template.spec.containers];
      for (const { volumeMounts } of containers) {
        for (const mount of volumeMounts) expect(volumes).toContain(mount.name);
      }
    }
  });
});

it("a field that Kubernetes does not know is told", { timeout: 120_000 }, async () => {
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "x" }, spec: { clusterIp: "None" } };
  expect(await typeErrors([service])).toContain("clusterIp");
});

it("a value that Kubernetes does not take is told", () => {
  const ports = [{ port: "http" }];
  expect(() =>
    validate({ apiVersion: "v1", kind: "Service", metadata: { name: "x" }, spec: { ports } }),
  ).toThrow("port");
});
