import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as apps from "kubernetes-models/apps/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as core from "kubernetes-models/v1";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../packages/node/src/config/node-config.ts";
import { MadeSecrets } from "./made-secrets.mjs";
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

/** @type {MadeSecrets} */
let made;
beforeAll(async () => {
  made = await MadeSecrets.open("deploy/kubernetes/make-secrets.sh");
});
afterAll(() => made[Symbol.asyncDispose]());

/**
 * Where each file of secrets that a pod's container sees is in the folder of the made ones.
 * @param {any} spec Of the pod. @param {any} container @returns {Map<string, string>}
 */
function secretFiles(spec, container) {
  const mounts = container.volumeMounts.filter((/** @type {any} */ one) =>
    one.mountPath.startsWith("/run/secrets"),
  );
  const files = mounts.flatMap((/** @type {any} */ { name, mountPath }) => {
    const { secret, projected } = spec.volumes.find((/** @type {any} */ one) => one.name === name);
    const sources = projected?.sources ?? [{ secret: { ...secret, name: secret.secretName } }];
    return sources.flatMap((/** @type {any} */ source) => {
      const all = readdirSync(join(made.folder, source.secret.name)).map((key) => ({ key, path: key }));
      return (source.secret.items ?? all).map((/** @type {any} */ item) => [
        join(mountPath, item.path),
        join(made.folder, source.secret.name, item.key),
      ]);
    });
  });
  return new Map(files);
}

/** A container's variables as its program has them, in the namespace of the manifests. @param {any} container @param {string} pod */
function environmentOf(container, pod) {
  /** @type {Record<string, string>} */
  const values = {};
  for (const { name, value, valueFrom } of container.env) {
    const path = valueFrom?.fieldRef.fieldPath;
    const found = path === "metadata.namespace" ? "understudy" : path === undefined ? value : pod;
    values[name] = String(found).replaceAll(/\$\((\w+)\)/g, (_, one) => String(values[one]));
  }
  return values;
}

describe.each(["base", "mariadb"])("the manifests of deploy/kubernetes/%s", (name) => {
  const folder = `deploy/kubernetes/${name}`;
  const resources = resourcesOf(folder);
  const pod = find(resources, "StatefulSet", "understudy").spec.template;
  const [database] = pod.spec.initContainers;

  it("are valid by Kubernetes' schemas", () => {
    for (const resource of resources) {
      expect(() => validate(resource), `${resource.kind} ${resource.metadata.name}`).not.toThrow();
    }
  });

  it("have no field that Kubernetes does not know", { timeout: 120_000 }, async () => {
    expect(await typeErrors(resources)).toBe("");
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

describe.each(["base", "mariadb"])("the pods of deploy/kubernetes/%s", (name) => {
  const resources = resourcesOf(`deploy/kubernetes/${name}`);
  const pod = find(resources, "StatefulSet", "understudy").spec.template;
  const [database] = pod.spec.initContainers;
  const [node] = pod.spec.containers;

  it("give nodes settings and files that they accept", () => {
    const files = secretFiles(pod.spec, node);
    const { UNDERSTUDY_DATABASE_URL_FILE: url = "", ...environment } = environmentOf(node, "understudy-0");
    const entries = Object.entries(environment)
      .filter(([key]) => key.startsWith("UNDERSTUDY_"))
      .map(([key, value]) => [key, files.get(value) ?? value]);
    const config = readConfig(
      {
        ...Object.fromEntries(entries),
        UNDERSTUDY_DATABASE_URL: readFileSync(files.get(url) ?? "", "utf8"),
        UNDERSTUDY_HOST: "0.0.0.0",
      },
      "master",
    );
    expect(JSON.stringify(config)).not.toContain("/run/secrets");
    expect(config.advertisedUrl).toBe("https://understudy-0.understudy-nodes.understudy.svc:8083");
    expect(config.tokensFile).toBeDefined();
    expect(config.tlsClientAuth).toBe("nodes");
    expect(pod.spec.enableServiceLinks).toBe(false);
    const hosts = [String(config.advertisedUrl), "https://understudy.understudy.svc", "https://127.0.0.1"];
    for (const host of hosts.map((one) => new URL(one).hostname)) {
      expect(made.problemOf("understudy-tls/tls.crt", "kept/ca.crt", host)).toBeNull();
    }
    for (const host of config.etcd.map((/** @type {string} */ one) => new URL(one).hostname)) {
      expect(made.problemOf("understudy-etcd-tls/tls.crt", "kept/etcd-ca.crt", host)).toBeNull();
    }
    expect(config.etcd).toHaveLength(3);
  });

  it("give etcd and database servers files that make-secrets.sh makes", () => {
    const { spec } = find(resources, "StatefulSet", "understudy-etcd").spec.template;
    for (const [of, container] of [
      [spec, spec.containers[0]],
      [pod.spec, database],
    ]) {
      const files = secretFiles(of, container);
      const named = Object.values(environmentOf(container, "understudy-etcd-0")).filter((value) =>
        value.startsWith("/run/secrets/"),
      );
      expect(named).not.toEqual([]);
      for (const path of named) expect(readFileSync(files.get(path) ?? path, "utf8")).not.toBe("");
    }
    const { ETCD_ADVERTISE_CLIENT_URLS: own, ETCD_INITIAL_CLUSTER: all } = environmentOf(
      spec.containers[0],
      "understudy-etcd-0",
    );
    expect(own).toBe("https://understudy-etcd-0.understudy-etcd.understudy.svc:2379");
    expect(all).toContain("understudy-etcd-0=https://understudy-etcd-0.understudy-etcd.understudy.svc:2380");
  });

  it("ask nodes by https whether they live", () => {
    for (const probe of [node.startupProbe, node.livenessProbe, node.readinessProbe]) {
      expect(probe.httpGet).toMatchObject({ scheme: "HTTPS", port: "https" });
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
