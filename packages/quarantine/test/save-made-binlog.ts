import { createReadStream } from "node:fs";
import { parseGtidPosition, readEventStream } from "@understudy/binlog";
import { systemClock } from "@understudy/kernel";
import { saveErrant, type SavedErrant } from "../src/index.ts";

/** Saves a file made by `makeMariadbBinlog(9)` as if a server had it as its binlog, in small pieces. */
export function saveMadeBinlog(dataDir: string, binlogPath: string): Promise<SavedErrant> {
  return saveErrant({
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
    binlog: readEventStream(createReadStream(binlogPath, { highWaterMark: 300 })),
    async *binlogAfter() {},
    isErrant: () => true,
    clock: systemClock,
    signal: new AbortController().signal,
  });
}
