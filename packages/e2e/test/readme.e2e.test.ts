// The README's walk-through as a reader follows it: every `sh` block between its two marks, and the answer shown under it.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Cluster } from "../src/index.ts";

interface Step {
  readonly command: string;
  /** JSON as it stands in the README. */
  readonly answer: string;
}

const START = "<!-- packages/e2e/test/readme.e2e.test.ts runs what follows, and compares the answers. -->";
const END = "<!-- end of what the test runs -->";
const BLOCK = /^```(\w*)\n(.*?)^```$/gms;
/** Ports in the README: of the master, then of the slaves. */
const PORTS = ["8083", "8084", "8085"] as const;
/** Their values are another time's and another server's. */
const VOLATILE: ReadonlySet<string> = new Set([
  "position",
  "acks",
  "timeMs",
  "lagMs",
  "requestId",
  "node",
  "rowsEstimate",
]);

async function readSteps(): Promise<Step[]> {
  const readme = await readFile(new URL("../../../README.md", import.meta.url), "utf8");
  const part = readme.slice(readme.indexOf(START), readme.indexOf(END));
  const blocks = Array.from(part.matchAll(BLOCK), ([, language = "", text = ""]) => ({ language, text }));
  return blocks.flatMap(({ language, text }, index) => {
    const next = blocks[index + 1];
    if (language === "json") return [];
    if (language !== "sh" || next?.language !== "json") throw new Error(`no answer is shown under:\n${text}`);
    return [{ command: text, answer: next.text }];
  });
}

/** The command with the README's addresses replaced by the cluster's. */
function addressed(command: string, cluster: Cluster): string {
  return PORTS.reduce((text, port, index) => {
    const url = cluster.nodes[index]?.url;
    if (url === undefined) throw new Error(`the cluster has no node ${index}`);
    return text.replaceAll(`http://127.0.0.1:${port}`, url);
  }, command);
}

/** The same structure with the type alone of what differs from run to run. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      VOLATILE.has(name) ? `some ${typeof field}` : normalised(field),
    ]),
  );
}

it("gives the answers that the README shows", { timeout: 60_000 }, async () => {
  const steps = await readSteps();
  expect(steps.length).toBeGreaterThanOrEqual(7);
  const flavours = testFlavours();
  const flavour = flavours.includes("mariadb") ? "mariadb" : flavours[0];
  if (!flavour) throw new Error("no database server to test on");
  await using cluster = await startCluster({ flavour, slaves: 2, etcd: 1 });
  for (const { command, answer } of steps) {
    const { stdout } = await promisify(execFile)("sh", ["-ec", addressed(command, cluster)], {
      timeout: 30_000,
    });
    expect(normalised(JSON.parse(stdout)), command).toEqual(normalised(JSON.parse(answer)));
    // a reader takes longer to paste the next one than a slave to apply the last
    await cluster.waitForSync();
  }
});
