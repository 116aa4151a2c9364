import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

/** @typedef {Readonly<Record<string, any>>} Resource */

/** The repository's folder. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {string} path From the repository's folder. */
export function readText(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A YAML file with merge keys, as compose reads it. @param {string} path @returns {any} */
export function readYaml(path) {
  return parse(readText(path), { merge: true });
}

/**
 * The resources of a kustomization that names plain files, and of those that it builds on, its patches applied.
 * @param {string} folder
 * @returns {Resource[]}
 */
export function resourcesOf(folder) {
  const kustomization = readYaml(join(folder, "kustomization.yaml"));
  const resources = kustomization.resources.flatMap((/** @type {string} */ name) =>
    name.endsWith(".yaml") ? documentsOf(join(folder, name)) : resourcesOf(join(folder, name)),
  );
  for (const { path } of kustomization.patches ?? []) {
    const [patch] = documentsOf(join(folder, path));
    const at = resources.findIndex(
      (/** @type {Resource} */ one) => one.kind === patch?.kind && one.metadata.name === patch?.metadata.name,
    );
    if (at < 0) throw new Error(`${path} patches what is not there`);
    resources[at] = patched(resources[at], patch);
  }
  return resources;
}

/** @param {string} path @returns {Resource[]} */
function documentsOf(path) {
  return parseAllDocuments(readText(path)).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS();
  });
}

/**
 * As a strategic merge does it for what the patches here contain: objects are merged, lists by the names of their items, a
 * probe's way of asking is replaced.
 * @param {any} base @param {any} patch @returns {any}
 */
function patched(base, patch) {
  if (Array.isArray(base) && Array.isArray(patch) && patch.every((item) => item?.name !== undefined)) {
    const rest = patch.filter((item) => !base.some((one) => one.name === item.name));
    const merged = base.map((item) => patched(item, patch.find((one) => one.name === item.name) ?? {}));
    return [...merged, ...rest];
  }
  if (isObject(base) && isObject(patch)) {
    const keys = new Set([...Object.keys(base), ...Object.keys(patch)]);
    return Object.fromEntries(
      [...keys].map((key) => [key, key in patch ? patched(base[key], patch[key]) : base[key]]),
    );
  }
  return patch;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
