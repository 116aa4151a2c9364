// What the dashboard costs at 2,000 events/s and 50 members: node packages/e2e/test/measure-dashboard.ts [minutes of memory, default 3]
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { DashboardBundle } from "./dashboard-bundle.ts";
import { openTerminal, type Terminal } from "../src/index.ts";
import { openBusyCluster } from "./busy-cluster.ts";
import { createLivingHeap } from "./living-heap.ts";
import { measureEcho } from "./terminal-echo.ts";

const SECONDS = 20;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const SIZE = { columns: 140, rows: 40 } as const;
const minutes = Number(process.argv[2] ?? 3);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Processor time of a process, s. */
async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function residentMb(pid: number): Promise<number> {
  return (Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]) * PAGE_BYTES) / 1e6;
}

/** Share of a core that a process takes for `SECONDS`, in percent. */
async function share(pid: number): Promise<string> {
  const [before, startedMs] = [await processorSeconds(pid), performance.now()];
  await sleep(SECONDS * 1_000);
  const used = (await processorSeconds(pid)) - before;
  return `${((used * 100_000) / (performance.now() - startedMs)).toFixed(1)} %`;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (part: number): string =>
    `${(sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1)} ms`;
  return `median ${at(0.5)}, 95 % ${at(0.95)}, worst ${at(1)} (${values.length} keys)`;
}

async function sayEcho(where: string, at: Terminal): Promise<void> {
  const waits = await measureEcho(at, { count: 200, pauseMs: 97 });
  say(`echo ${where}: ${spread(waits)}, load ${load()}`);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const load = (): string => loadavg()[0]?.toFixed(1) ?? "?";

await using cluster = await openBusyCluster({ members: 50, eventsPerSecond: 2_000 });
await using bundle = await DashboardBundle.make();
const heap = await createLivingHeap(bundle.folder);
await using terminal = await bundle.open(cluster.url, { ...SIZE, environment: heap.environment });
await terminal.waitFor(/● healthy/);
const pid = await bundle.pid();
await sleep(2_000);
for (const [key, name] of [
  ["1", "Overview"],
  ["4", "Events"],
  ["m", "Menu"],
] as const) {
  await terminal.press(key);
  const before = cluster.eventCount();
  const used = await share(pid);
  const rate = ((cluster.eventCount() - before) / SECONDS).toFixed(0);
  say(`${name} ${SIZE.columns}×${SIZE.rows}: ${used} of a core at ${rate} events/s, load ${load()}`);
}
await terminal.press("1");
await terminal.waitFor(/Create a database/);
await sayEcho("in a form", terminal);
await terminal.press("Escape");
await terminal.waitFor(/What shall/);
await terminal.press(":");
await terminal.enter("overview");
await terminal.waitFor(/last seen/);
await terminal.press("/");
await sayEcho("in the overview's filter", terminal);
await terminal.press("C-u", "Enter");
await terminal.waitFor(/node-2 /);
{
  await using bare = await openTerminal(SIZE);
  await bare.enter("exec cat > /dev/null");
  await sayEcho("of the terminal alone", bare);
}
for (let half = 0; half <= minutes * 2; half++) {
  const living = ((await heap.bytesOf(pid)) / 1e6).toFixed(1);
  say(`memory after ${half * 30} s: ${(await residentMb(pid)).toFixed(0)} MB, ${living} MB of it in use`);
  if (half < minutes * 2) await sleep(30_000);
}
