import { join } from "node:path";
import { readText, readYaml } from "./manifests.mjs";

/** @typedef {Record<string, any>} Service */

/** The compose files that people start. */
export const COMPOSE_FILES = ["compose.yaml", "compose.mariadb.yaml", "compose.static.yaml"];

/** The services of a compose file, its parts merged as compose does it: lists are joined. @param {string} file */
export function servicesOf(file) {
  /** @type {Map<string, Service>} */
  const merged = new Map();
  for (const part of partsOf(file)) {
    for (const [name, service] of Object.entries(part.services)) {
      const before = merged.get(name) ?? {};
      merged.set(name, {
        ...before,
        .../** @type {Service} */ (service),
        environment: { ...before.environment, .../** @type {Service} */ (service).environment },
        ...joined("secrets", before, /** @type {Service} */ (service)),
        ...joined("volumes", before, /** @type {Service} */ (service)),
      });
    }
  }
  return merged;
}

/** The secrets of a compose file: the name of each with its file in docker/secrets. @param {string} file */
export function secretsOf(file) {
  const entries = partsOf(file).flatMap((part) => Object.entries(part.secrets ?? {}));
  return new Map(entries.map(([name, secret]) => [name, String(secret.file).replace("./secrets/", "")]));
}

/** What a service finds below /run/secrets: the path of each with its file or folder in docker/secrets. @param {string} file @param {Service} service */
export function mountedSecrets(file, service) {
  const files = secretsOf(file);
  const mounted = service.secrets.map((/** @type {any} */ secret) => {
    const { source, target } = typeof secret === "string" ? { source: secret, target: secret } : secret;
    const path = files.get(source);
    if (path === undefined) throw new Error(`${file} has no secret ${source}`);
    return [`/run/secrets/${target}`, path];
  });
  const folders = service.volumes
    .filter((/** @type {any} */ volume) => volume.source?.startsWith("./secrets/"))
    .map((/** @type {any} */ volume) => [volume.target, volume.source.replace("./secrets/", "")]);
  return new Map([...mounted, ...folders]);
}

/** A text with each path of a mounted secret as one in `folder`; throws for one that is not mounted. @param {string} text @param {ReadonlyMap<string, string>} mounted @param {string} folder */
export function withMounted(text, mounted, folder) {
  return text.replaceAll(/\/run\/secrets\/[\w./-]*\w/g, (path) => {
    const [at, source] =
      [...mounted].find(([target]) => path === target || path.startsWith(`${target}/`)) ?? [];
    if (at === undefined || source === undefined) throw new Error(`${path} is not mounted`);
    return join(folder, source, path.slice(at.length));
  });
}

/** The texts of the repository's files that a service has mounted, its secrets apart. @param {Service} service */
export function mountedTexts(service) {
  return service.volumes
    .filter((/** @type {any} */ volume) => typeof volume === "string" && /^\.\/.*\.\w+:/.test(volume))
    .map((/** @type {string} */ volume) => readText(join("docker", volume.split(":")[0] ?? "")));
}

/** `${NAME:-default}` as it is where nothing is set. @param {string} text */
export function withDefaults(text) {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
}

/** @type {Map<string, any[]>} */
const PARTS = new Map();

/** @param {string} file */
function partsOf(file) {
  const known = PARTS.get(file);
  if (known !== undefined) return known;
  const { include } = readYaml(`docker/${file}`);
  const parts = include[0].path.map((/** @type {string} */ path) => readYaml(`docker/${path}`));
  PARTS.set(file, parts);
  return parts;
}

/** @param {string} key @param {Service} before @param {Service} service */
function joined(key, before, service) {
  return { [key]: [...(before[key] ?? []), ...(service[key] ?? [])] };
}
