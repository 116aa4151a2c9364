// Writes the documents that are made from the code, or with `--check` tells which ones are out of date.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, getFileInfo, resolveConfig } from "prettier";
import { configurationDocument } from "./docs/configuration-document.ts";
import { dashboardDocument } from "./docs/dashboard-document.ts";
import { envExample } from "./docs/env-example.ts";
import { errorCodesDocument } from "./docs/error-codes-document.ts";
import { logsDocument } from "./docs/logs-document.ts";
import { metricsDocument } from "./docs/metrics-document.ts";
import { securityDocument } from "./docs/security-document.ts";
import { openapiText } from "./docs/openapi-document.ts";

/** Path from the root → how its text is made. A new generated document is one line here. */
const DOCUMENTS: Readonly<Record<string, () => string | Promise<string>>> = {
  "apps/master/.env.example": () => envExample("master"),
  "apps/slave/.env.example": () => envExample("slave"),
  "docs/configuration.md": configurationDocument,
  "docs/dashboard.md": dashboardDocument,
  "docs/error-codes.md": errorCodesDocument,
  "docs/logs.md": logsDocument,
  "docs/metrics.md": metricsDocument,
  "docs/openapi.json": openapiText,
  "docs/security.md": securityDocument,
};

const root = join(import.meta.dirname, "..");
const isCheck = process.argv.includes("--check");
const outdated: string[] = [];

for (const [path, make] of Object.entries(DOCUMENTS)) {
  const file = join(root, path);
  const text = await formatted(file, await make());
  if ((await readTextIfThere(file)) === text) continue;
  if (isCheck) outdated.push(path);
  else await writeFile(file, text);
}

if (outdated.length > 0) {
  console.error(`out of date: ${outdated.join(", ")}. Run "pnpm docs" and commit the result.`);
  process.exitCode = 1;
}

/** What prettier does not know stays as it was made. */
async function formatted(file: string, text: string): Promise<string> {
  const { inferredParser } = await getFileInfo(file);
  if (inferredParser === null) return text;
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

async function readTextIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
