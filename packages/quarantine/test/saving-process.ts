// Saves a made-up node's errant transactions, and kills itself with SIGKILL right before its n-th call of the file system.
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { argv, pid, stdout } from "node:process";

const [, , dataDir = "", binlogPath = "", killBefore = "0"] = argv;
let calls = 0;
const journal: string[] = [];

function count(name: string, path: unknown): void {
  calls += 1;
  journal.push(`${name} ${String(path)}`);
  if (calls === Number(killBefore)) process.kill(pid, "SIGKILL");
}

type Call = (...values: unknown[]) => Promise<unknown>;

function watch(
  target: object,
  name: string,
  pathOf: (values: readonly unknown[]) => unknown,
  called = name,
): void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") throw new Error(`no ${name}`);
  const replaced: Call = function (this: unknown, ...values) {
    count(called, pathOf(values));
    return Reflect.apply(original, this, values) as Promise<unknown>;
  };
  Reflect.set(target, name, replaced);
}

const open = promises.open;
Reflect.set(promises, "open", async (...values: Parameters<typeof open>) => {
  count("open", values[0]);
  const handle = await open(...values);
  for (const name of ["write", "sync", "close"]) watch(handle, name, () => values[0]);
  watch(handle, "writev", () => values[0], "write");
  return handle;
});
for (const name of ["mkdir", "rename", "rm"]) watch(promises, name, (values) => values.join(" → "));
syncBuiltinESMExports();

const { saveMadeBinlog } = await import("./save-made-binlog.ts");
const saved = await saveMadeBinlog(dataDir, binlogPath);
stdout.write(JSON.stringify({ id: saved.manifest?.id, isNew: saved.isNew, journal }));
