// Saves a made-up node's errant transactions, and kills itself with SIGKILL right before its n-th call of the file system.
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { argv, pid, stdout } from "node:process";
import { readFile } from "node:fs/promises";

const [, , dataDir = "", binlogPath = "", killBefore = "0"] = argv;
const binlog = await readFile(binlogPath);
let calls = 0;
const journal: string[] = [];

function count(name: string, path: unknown): void {
  calls += 1;
  journal.push(`${name} ${String(path)}`);
  if (calls === Number(killBefore)) process.kill(pid, "SIGKILL");
}

type Call = (...values: unknown[]) => Promise<unknown>;

function watch(target: object, name: string, pathOf: (values: readonly unknown[]) => unknown): void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") throw new Error(`no ${name}`);
  const replaced: Call = function (this: unknown, ...values) {
    count(name, pathOf(values));
    return Reflect.apply(original, this, values) as Promise<unknown>;
  };
  Reflect.set(target, name, replaced);
}

const open = promises.open;
Reflect.set(promises, "open", async (...values: Parameters<typeof open>) => {
  count("open", values[0]);
  const handle = await open(...values);
  for (const name of ["write", "sync", "close"]) watch(handle, name, () => values[0]);
  return handle;
});
for (const name of ["mkdir", "rename", "rm"]) watch(promises, name, (values) => values.join(" → "));
syncBuiltinESMExports();

const { saveErrant } = await import("../src/index.ts");
const { parseGtidPosition, readEventStream } = await import("@understudy/binlog");
const { systemClock } = await import("@understudy/kernel");
const saved = await saveErrant({
  dataDir,
  node: "node-1",
  epoch: 3n,
  flavour: "mariadb",
  server: {
    rows: (sql) => {
      if (sql.includes("SHOW BINARY LOGS")) return Promise.resolve([{ Log_name: "binlog.000001" }]);
      if (sql.includes("gtid_binlog_pos")) return Promise.resolve([{ value: "0-1-9" }]);
      return Promise.resolve(sql.includes("COLUMN_NAME") ? [] : [{ value: "", version: "10.11.1" }]);
    },
  },
  shared: parseGtidPosition("mariadb", ""),
  master: parseGtidPosition("mariadb", "0-2-4"),
  binlog: readEventStream(
    (async function* () {
      for (let start = 0; start < binlog.length; start += 300) {
        yield await Promise.resolve(binlog.subarray(start, start + 300));
      }
    })(),
  ),
  isErrant: () => true,
  clock: systemClock,
  signal: new AbortController().signal,
});
stdout.write(JSON.stringify({ id: saved.manifest?.id, isNew: saved.isNew, journal }));
