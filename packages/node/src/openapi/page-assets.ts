import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const { resolve } = createRequire(import.meta.url);
const compress = promisify(gzip);

/**
 * A file of Swagger UI, gzipped. Read from its package: in the apps' single files, where there is none, the build puts a module
 * with the contents in place of this one (`build/embed-page-assets.ts`).
 */
export async function readPageAsset(name: string): Promise<Buffer> {
  return await compress(await readFile(resolve(`swagger-ui-dist/${name}`)));
}
