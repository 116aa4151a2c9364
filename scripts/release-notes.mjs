// node scripts/release-notes.mjs v0.2.0: prints what CHANGELOG.md says of a version. Fails where it says nothing, and where the
// packages are of another version, so that no tag makes a release of something else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { notesOf } from "./deploy/changelog.mjs";

const root = join(import.meta.dirname, "..");
const version = (process.argv[2] ?? "").replace(/^v/, "");
const packages = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const notes = notesOf(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version);

if (packages.version !== version) fail(`package.json is of version ${packages.version}, not ${version}`);
if (notes === null) fail(`CHANGELOG.md has no part about ${version}`);
process.stdout.write(`${notes}\n`);

/** @param {string} sentence @returns {never} */
function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
