import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "@understudy/kernel";
import { openQuarantine } from "../src/index.ts";
import { makeMariadbBinlog } from "./made-binlog.ts";
import { saveMadeBinlog } from "./save-made-binlog.ts";

interface Saved {
  readonly id: string;
  readonly isNew: boolean;
  /** The calls of the file system, in order. */
  readonly journal: readonly string[];
}

const TRANSACTIONS = 9;
const AT_ONCE = 2;

/** Runs a process that saves, and that dies before its n-th call of the file system; null where it died. */
function save(dataDir: string, binlogPath: string, killBefore: number): Promise<Saved | null> {
  const script = fileURLToPath(new URL("saving-process.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, dataDir, binlogPath, String(killBefore)], (error, stdout, stderr) => {
      if (!error) resolve(JSON.parse(stdout) as Saved);
      else if (error.signal === "SIGKILL") resolve(null);
      else reject(new Error(stderr, { cause: error }));
    });
  });
}

describe("a process that dies while it saves errant transactions", () => {
  let root: string;
  let binlogPath: string;
  let whole: Saved;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "understudy-crash-"));
    binlogPath = join(root, "binlog");
    await writeFile(binlogPath, makeMariadbBinlog(TRANSACTIONS));
    const saved = await save(join(root, "whole"), binlogPath, 0);
    if (!saved) throw new Error("it died");
    whole = saved;
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it("has everything on the disk before it gives the entry its name, and then the name", () => {
    const { journal } = whole;
    const renamed = journal.findIndex((call) => call.startsWith("rename"));
    const draft = join(root, "whole", "quarantine", ".saving-3");
    for (const name of ["errant.binlog", "transactions.ndjson", "manifest.json"]) {
      const path = join(draft, name);
      const written = journal.lastIndexOf(`write ${path}`);
      const synced = journal.lastIndexOf(`sync ${path}`);
      expect([name, written > 0, synced > written, renamed > synced]).toEqual([name, true, true, true]);
    }
    const draftSynced = journal.lastIndexOf(`sync ${draft}`);
    expect(draftSynced).toBeGreaterThan(journal.lastIndexOf(`open ${join(draft, "manifest.json")}`));
    expect(renamed).toBeGreaterThan(draftSynced);
    expect(journal.lastIndexOf(`sync ${join(root, "whole", "quarantine")}`)).toBeGreaterThan(renamed);
  });

  it("leaves, wherever that is, nothing that is listed or a whole entry, and the next try makes exactly one", async () => {
    const raw = await readFile(join(root, "whole", "quarantine", whole.id, "errant.binlog"));
    const points = Array.from({ length: whole.journal.length }, (_, index) => index + 1);
    const seen = new Set<number>();
    const tryOne = async (point: number): Promise<void> => {
      const dataDir = join(root, `point-${point}`);
      expect(await save(dataDir, binlogPath, point)).toBeNull();
      const quarantine = await openQuarantine({ dataDir, binlogProgram: null, clock: systemClock });
      const before = await quarantine.list({ limit: 10 });
      seen.add(before.items.length);
      for (const { manifest } of before.items) expect(manifest.transactionCount).toBe(TRANSACTIONS);
      const again = await saveMadeBinlog(dataDir, binlogPath);
      expect(again.isNew).toBe(before.items.length === 0);
      const { items } = await quarantine.list({ limit: 10 });
      expect(items.map(({ manifest }) => manifest.id)).toEqual([again.manifest?.id]);
      const folder = join(dataDir, "quarantine", again.manifest?.id ?? "");
      expect((await readFile(join(folder, "errant.binlog"))).equals(raw)).toBe(true);
      expect((await quarantine.transactions(again.manifest?.id ?? "", { limit: 100 })).items).toHaveLength(
        TRANSACTIONS,
      );
      expect((await readdir(join(dataDir, "quarantine"))).filter((name) => name.startsWith("."))).toEqual([]);
    };
    for (let start = 0; start < points.length; start += AT_ONCE) {
      await Promise.all(points.slice(start, start + AT_ONCE).map(tryOne));
    }
    expect(seen).toEqual(new Set([0, 1]));
  }, 300_000);
});
