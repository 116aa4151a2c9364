import { parseArgs } from "node:util";

/** What `restore` is asked to do. */
export type RestoreRequest =
  | { readonly kind: "help" }
  | { readonly kind: "verify"; readonly file: string }
  | {
      readonly kind: "restore";
      readonly file: string;
      readonly rejoins: boolean;
      readonly mayReplace: boolean;
      /** Null for the one that the environment names. */
      readonly configFile: string | null;
    };

const OPTIONS = {
  file: { type: "string" },
  verify: { type: "string" },
  rejoin: { type: "boolean" },
  "replace-all-data": { type: "boolean" },
  config: { type: "string", short: "c" },
  help: { type: "boolean", short: "h" },
} as const;

/** What `restore --help` prints. */
export const RESTORE_USAGE = `Restores a backup, as GET /backup gives it, into the database server of this node. Stop the node first.

  restore --file FILE [--rejoin] [--replace-all-data] [--config FILE]
  restore --verify FILE

  --file FILE           the backup; - reads it from the standard input. A file is read and checked as a whole before anything is touched
  --rejoin              the node goes on in the cluster that the backup is of, and catches up from there. Without it a node that is
                        started with the restored data begins a cluster of its own: the one that UNDERSTUDY_CLUSTER_ID names
  --replace-all-data    the database server need not be empty: all its databases and accounts are lost
  --config FILE, -c     settings from a YAML file, as the node reads them; the environment (UNDERSTUDY_*) wins over it
  --verify FILE         only reads the backup, tells what it is, and whether it is whole; needs no settings and no server
  --help, -h            prints this

Ends with 0, with 1 where the backup is not whole or was not restored, with 2 for wrong options, with 78 for wrong settings.
`;

/** Reads what follows the word `restore`. Throws an `Error` for who typed it. */
export function parseRestoreArguments(words: readonly string[]): RestoreRequest {
  const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
  const { file, verify, rejoin = false, "replace-all-data": mayReplace = false, config } = values;
  if (values.help === true) return { kind: "help" };
  if (verify !== undefined) {
    if (file !== undefined || rejoin || mayReplace)
      throw new Error("--verify only reads; leave the other options out");
    return { kind: "verify", file: named(verify, "--verify") };
  }
  if (file === undefined) throw new Error("say --file FILE, or --verify FILE");
  return {
    kind: "restore",
    file: named(file, "--file"),
    rejoins: rejoin,
    mayReplace,
    configFile: config ?? null,
  };
}

function named(file: string, option: string): string {
  if (file === "") throw new Error(`${option} needs the path of a file`);
  return file;
}
