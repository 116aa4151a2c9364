import { withoutOptionFiles, type DatabaseProgram } from "./database-program.ts";

/** What decides a private server's command line. */
export interface ServerArgumentsOptions {
  readonly program: DatabaseProgram;
  readonly dataDirectory: string;
  /** Its own: a MariaDB server that starts deletes the temporary tables of all others in the same folder. */
  readonly tmpDirectory: string;
  readonly socketPath: string;
  readonly pidFile: string;
  readonly errorLog: string;
  readonly initFile: string;
  readonly port: number;
  readonly serverId: number;
  /** `full`: a confirmed commit survives a power cut. `relaxed`: only a crash of processes; for tests and benchmarks. */
  readonly durability: "full" | "relaxed";
  readonly readOnly: boolean;
  /** Comes last, so that it wins. */
  readonly extraArguments: readonly string[];
}

/** Servers refuse to run as root unless they are told to. */
export function runAsArguments(): readonly string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

/** The command line of a private server as replication needs it: row-based binlog with GTIDs, own binlog on slaves. */
export function serverArguments(options: ServerArgumentsOptions): readonly string[] {
  const relaxed = options.durability === "relaxed";
  return [
    ...withoutOptionFiles(options.program),
    ...runAsArguments(),
    `--datadir=${options.dataDirectory}`,
    `--tmpdir=${options.tmpDirectory}`,
    `--socket=${options.socketPath}`,
    `--pid-file=${options.pidFile}`,
    `--log-error=${options.errorLog}`,
    `--init-file=${options.initFile}`,
    `--port=${options.port}`,
    "--bind-address=127.0.0.1",
    `--server-id=${options.serverId}`,
    "--log-bin=binlog",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--max-allowed-packet=1G",
    "--character-set-server=utf8mb4",
    "--max-connections=500",
    "--innodb-buffer-pool-size=128M",
    "--performance-schema=OFF",
    "--event-scheduler=OFF",
    `--read-only=${options.readOnly ? "ON" : "OFF"}`,
    `--sync-binlog=${relaxed ? 0 : 1}`,
    `--innodb-flush-log-at-trx-commit=${relaxed ? 2 : 1}`,
    // what a process has written outlives it without being on the disk: MySQL starts in half the time
    ...(relaxed ? ["--loose-innodb-flush-method=nosync"] : []),
    ...(options.program.flavour === "mysql" ? MYSQL_ARGUMENTS : MARIADB_ARGUMENTS),
    ...options.extraArguments,
  ];
}

const MYSQL_ARGUMENTS = [
  "--gtid-mode=ON",
  "--enforce-gtid-consistency=ON",
  "--log-replica-updates=ON",
  "--mysqlx=OFF",
  "--secure-file-priv=NULL",
  "--innodb-redo-log-capacity=128M",
  // MySQL 9.6 and later: the node asks for it, see server-check.ts of the binlog package
  "--loose-innodb-native-foreign-keys=ON",
] as const;

const MARIADB_ARGUMENTS = [
  "--binlog-format=ROW",
  "--log-slave-updates=ON",
  "--gtid-strict-mode=ON",
  "--gtid-domain-id=0",
  "--innodb-log-file-size=96M",
] as const;
