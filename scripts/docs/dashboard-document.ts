import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const APP = join(import.meta.dirname, "../../apps/dashboard");
const TIMEOUT_MS = 120_000;

const INTRODUCTION = `# The dashboard

<!-- Made by "pnpm docs" from scripts/docs/dashboard-document.ts and the code of apps/dashboard. Do not edit. -->

A cluster in a terminal: its members, its rows, what happens, replication and failover, and a menu for what one does most. The dashboard is attached to one node, any
node, and shows the cluster as that node sees it. When the node goes, it moves on to another member by itself and says so; what you were
typing stays.

\`\`\`
npm run dashboard                                              # a cluster that npm start has started
npm run dashboard -- --node http://127.0.0.1:8084              # at a certain node; repeat it to name several
npm run dashboard -- --node https://db1.example:8083 --token-file token --ca-file ca.pem
npm run dashboard -- --read-only                               # nothing that changes the cluster or its data
\`\`\`

Press \`?\` for all keys, \`:\` to find a view or an action by name, \`q\` to leave. It needs a terminal of at least 60×16.

## Your first minute

With a cluster of \`npm start\`, on the master's dashboard:

1. \`1\`, then \`mydb\` and Enter: creates a database.
2. \`3\`, then \`mydb\`, \`users\` and \`id INT, name VARCHAR(255)\`: creates a table.
3. In a second terminal \`npm run dashboard -- --node http://127.0.0.1:8084\`, and \`3\` there: a slave shows the table that has come.
4. \`4\` inserts a row, \`5\` selects, \`6\` updates, \`7\` deletes, \`8\` drops. What can't be undone wants a name typed first.

Values are written as \`column=value\`: \`id=1, name='Ada'\`; \`id>=18\` in a condition; JSON objects are understood as well.

## What the screen says

The first two lines tell how the cluster is, how old that is, who leads, and which node says so. The line above the keys tells what is
under way and what became of it, or that no node answers and why: the dashboard keeps trying. What is shown is live: events
come as they happen, and the rest is asked every second.

| sign | is |
| --- | --- |
| \`● healthy\` | there is a master, and every member is up |
| \`! degraded\` | something is wrong; "attention" in the overview says what |
| \`× unreachable\` | no node answers; what is shown is from before |

## Without a terminal

| option | prints |
| --- | --- |
| \`--once\` | one overview |
| \`--json\` | the cluster as JSON, as \`GET /cluster\` gives it |
| \`--watch\` | a line of JSON for each change, until it is ended |

All end with 0 when the cluster is healthy, 1 when it is degraded, 2 when no node answers or an option is wrong; so does a pipe or a script
without any of these options, which gets one overview.

## Looks and files

\`t\` or \`--theme\` chooses among \`dark\`, \`light\`, \`high-contrast\` and \`mono\`, which use the 16 colours of your terminal's own palette.
\`NO_COLOR\` switches colours off. Nothing is said by colour alone.

The theme and the first view are kept in \`$XDG_CONFIG_HOME/understudy/dashboard.json\` (\`~/.config\` by default), statements in
\`$XDG_STATE_HOME/understudy/history.ndjson\` (\`~/.local/state\`). Only you can read them.
`;

const COST = `## What it costs

Measured on 26 November 2026 with \`node packages/e2e/test/measure-dashboard.ts\`: a server that tells 2,000 events a second and changes all
of its 50 members each second, and the bundled dashboard at 140×40 in tmux 3.3a. The machine has two cores, Node 24.21 and other work at
the same time, whose load average stands behind each figure. The second run had the highest priority (\`nice -n -19\`).

| | first run | second run | third run |
|---|---|---|---|
| processor, overview | 10.2 % of a core (load 7.4) | 11.1 % (6.5) | 11.6 % (4.5) |
| processor, events | 8.1 % of a core (6.3) | 7.5 % (7.7) | 9.2 % (3.5) |
| processor, menu | 7.7 % of a core (5.5) | 6.6 % (8.4) | 8.8 % (3.0) |
| echo in a form | median 12 ms, 95 % 53 ms, worst 194 ms (5.6) | median 50 ms, 95 % 161 ms, worst 344 ms (10.2) | median 17 ms, 95 % 49 ms, worst 108 ms (2.1) |
| echo in the overview's filter | median 13 ms, 95 % 70 ms, worst 118 ms (5.4) | median 25 ms, 95 % 234 ms, worst 823 ms (8.9) | median 21 ms, 95 % 59 ms, worst 150 ms (1.8) |
| echo of the terminal alone | not measured | median 0.6 ms, 95 % 20 ms, worst 97 ms (8.3) | median 0.6 ms, 95 % 1.5 ms, worst 4 ms (1.4) |
| memory that the process holds | 267 MB at first, 289 MB after 3 minutes and after 4 | 305 MB at first, 307 MB after 2 minutes and after 5 | 287 MB, 288 MB after 30 s |
| of it in use after a collection | not measured | 48 MB at first, 45 to 47 MB over the next 5 minutes | 45 MB |

Processor time is that of \`/proc/<pid>/stat\` over 20 s. Echo is the time from handing a key to tmux until tmux has the character from the
dashboard, for 100 keys in the first run and 200 in the others. The third run had the machine nearly to itself: one key in twenty takes
longer than about 50 ms, when it comes while a batch of events is drawn.`;

/** The text of `docs/dashboard.md`. Bundles the dashboard's drawing and runs it, since Node alone does not run JSX. */
export async function dashboardDocument(): Promise<string> {
  const { keys, views } = await drawnParts();
  return [
    INTRODUCTION,
    "## Keys",
    "These count everywhere but in a text field, after the keys of the view itself.",
    keys,
    "## Views",
    "As they are drawn over one recorded cluster, at the smallest usual size and a large one.",
    views,
    COST,
    "",
  ].join("\n\n");
}

async function drawnParts(): Promise<{ keys: string; views: string }> {
  const folder = await mkdtemp(join(tmpdir(), "understudy-dashboard-document-"));
  try {
    const bundler = join(APP, "node_modules/tsdown/dist/run.mjs");
    const bundling = [bundler, "test/print-document.tsx", "--out-dir", folder, "--log-level", "warn"];
    await promisify(execFile)(process.execPath, bundling, { cwd: APP, timeout: TIMEOUT_MS });
    // Whoever makes the document gets the same one, wherever they are.
    const env = { PATH: process.env["PATH"], TZ: "UTC", LC_ALL: "C.UTF-8" };
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "print-document.mjs")], {
      env,
      timeout: TIMEOUT_MS,
    });
    return partsOf(JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function partsOf(json: unknown): { keys: string; views: string } {
  const { keys, views } = { keys: null, views: null, ...(typeof json === "object" ? json : {}) };
  if (typeof keys !== "string" || typeof views !== "string") {
    throw new Error("the dashboard's document was not drawn");
  }
  return { keys, views };
}
