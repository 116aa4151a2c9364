import { PAGE_ASSETS } from "../src/openapi/page-asset-names.ts";
import { readPageAsset } from "../src/openapi/page-assets.ts";

const READER = /[\\/]openapi[\\/]page-assets\.ts$/;

/** A plugin of the apps' build: puts the files of the page at `/docs` into the bundle, so that it stays a single file. */
export const embedPageAssets = {
  name: "embed-page-assets",
  load: {
    filter: { id: READER },
    async handler(): Promise<string> {
      const names = Object.keys(PAGE_ASSETS);
      const contents = await Promise.all(
        names.map(async (name) => [name, (await readPageAsset(name)).toString("base64")] as const),
      );
      return `const assets = ${JSON.stringify(Object.fromEntries(contents))};
export async function readPageAsset(name) {
  return Buffer.from(assets[name], "base64");
}
`;
    },
  },
};
