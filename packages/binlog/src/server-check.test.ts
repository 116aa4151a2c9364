import { describe, expect, it } from "vitest";
import { checkServerForBinlog } from "./server-check.ts";
import type { ServerQuestions } from "./server-questions.ts";

const MYSQL: Readonly<Record<string, string>> = {
  version: "8.0.40",
  log_bin: "ON",
  binlog_format: "ROW",
  binlog_row_image: "FULL",
  binlog_checksum: "CRC32",
  log_replica_updates: "ON",
  log_slave_updates: "ON",
  gtid_mode: "ON",
  enforce_gtid_consistency: "ON",
  server_id: "1",
  sync_binlog: "1",
  innodb_flush_log_at_trx_commit: "1",
  binlog_row_metadata: "FULL",
  binlog_row_value_options: "",
};

const MARIADB: Readonly<Record<string, string>> = {
  version: "10.11.6-MariaDB-log",
  log_bin: "ON",
  binlog_format: "ROW",
  binlog_row_image: "FULL",
  binlog_checksum: "CRC32",
  log_slave_updates: "ON",
  binlog_alter_two_phase: "OFF",
  server_id: "1",
  sync_binlog: "1",
  innodb_flush_log_at_trx_commit: "1",
  binlog_row_metadata: "FULL",
  gtid_strict_mode: "ON",
};

function server(
  variables: Readonly<Record<string, string>>,
  status: Record<string, string> = {},
): ServerQuestions & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    rows: async (sql) => {
      asked.push(sql);
      if (!sql.includes("VARIABLES")) return [status];
      return Object.entries(variables).map(([name, value]) => ({ Variable_name: name, Value: value }));
    },
  };
}

function without(
  variables: Readonly<Record<string, string>>,
  ...names: string[]
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
}

describe("the check of a server's settings", () => {
  it.each([
    ["MySQL 8.0", MYSQL, "SHOW MASTER STATUS"],
    [
      "MySQL 9",
      { ...without(MYSQL, "binlog_format", "log_slave_updates"), version: "9.7.4" },
      "SHOW BINARY LOG STATUS",
    ],
    ["MySQL 8.4", { ...MYSQL, version: "8.4.3" }, "SHOW BINARY LOG STATUS"],
    ["MariaDB", MARIADB, "SHOW BINLOG STATUS"],
  ])("passes %s as replication wants it", async (_name, variables, statement) => {
    const questions = server(variables);
    expect(await checkServerForBinlog(questions)).toEqual({ warnings: [] });
    expect(questions.asked).toContain(statement);
  });

  it("names everything that is wrong at once", async () => {
    const wrong = {
      version: "8.4.3",
      log_bin: "OFF",
      binlog_format: "MIXED",
      binlog_row_image: "MINIMAL",
      server_id: "0",
      gtid_mode: "ON_PERMISSIVE",
      binlog_checksum: "NONE",
    };
    await expect(checkServerForBinlog(server(wrong))).rejects.toThrow(
      expect.objectContaining({
        code: "server-unsuitable",
        details: {
          problems: [
            "log_bin must be ON (it is OFF)",
            "binlog_format must be ROW (it is MIXED)",
            "binlog_row_image must be FULL (it is MINIMAL)",
            "binlog_checksum must be CRC32 (it is NONE)",
            "log_replica_updates or log_slave_updates must be ON",
            "gtid_mode must be ON (it is ON_PERMISSIVE)",
            "enforce_gtid_consistency must be ON",
            "server_id must be set to a unique number",
          ],
        },
      }),
    );
  });

  it.each([
    [{ ...MARIADB, binlog_alter_two_phase: "ON" }, {}, /binlog_alter_two_phase must be OFF/],
    [{ ...MARIADB, log_slave_updates: "OFF" }, {}, /log_slave_updates must be ON/],
    [MARIADB, { Binlog_Do_DB: "a,b" }, /binlog_do_db must not be set \(it is a,b\)/],
    [MYSQL, { Binlog_Ignore_DB: "a" }, /binlog_ignore_db must not be set/],
  ])("refuses what loses changes (%#)", async (variables, status, message) => {
    await expect(checkServerForBinlog(server(variables, status))).rejects.toThrow(message);
  });

  it("warns of what may lose a confirmed transaction or hinder others", async () => {
    const lax = { sync_binlog: "0", innodb_flush_log_at_trx_commit: "2", binlog_row_metadata: "MINIMAL" };
    const mysql = await checkServerForBinlog(
      server({ ...MYSQL, ...lax, binlog_row_value_options: "PARTIAL_JSON" }),
    );
    expect(mysql.warnings).toEqual([
      expect.stringContaining("sync_binlog is 0"),
      expect.stringContaining("innodb_flush_log_at_trx_commit is 2"),
      expect.stringContaining("binlog_row_metadata is MINIMAL"),
      expect.stringContaining("PARTIAL_JSON"),
    ]);
    const mariadb = await checkServerForBinlog(server({ ...MARIADB, gtid_strict_mode: "OFF" }));
    expect(mariadb.warnings).toEqual([expect.stringContaining("gtid_strict_mode is OFF")]);
  });
});
