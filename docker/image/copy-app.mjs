// node copy-app.mjs FROM TO: copies a bundled app. Its source map comes without the text of the sources, which is most of it:
// names of files and lines in errors need only the rest.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [from = "", to = ""] = process.argv.slice(2);
await mkdir(to, { recursive: true });
await copyFile(join(from, "main.mjs"), join(to, "main.mjs"));
const map = await readFile(join(from, "main.mjs.map"), "utf8").catch(() => null);
if (map !== null) {
  await writeFile(
    join(to, "main.mjs.map"),
    JSON.stringify({ ...JSON.parse(map), sourcesContent: undefined }),
  );
}
