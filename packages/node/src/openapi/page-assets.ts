import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);

/**
 * A file of Swagger UI, gzipped. Read from its package: in the apps' single files, where there is none, the build puts a module
 * with the contents in place of this one (`build/embed-page-assets.ts`).
 */
export async function readPageAsset(name: string): Promise<Buffer> {
  const folder = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));
  return await compress(await readFile(join(folder, name)));
}
