import { quotedText } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import type { StatusVariables } from "./status-variables.ts";

/** Session settings by variable name, each value as SQL writes it. */
export type Settings = ReadonlyMap<string, string>;

/** What the session had by itself when it was opened: what statements get whose event says nothing. */
export interface SessionDefaults {
  readonly collationServer: string;
  readonly timeZone: string;
  /** MySQL only. */
  readonly defaultCollationForUtf8mb4: string | null;
  /** Which of {@link OPTIONAL_SETTINGS} this server knows. */
  readonly known: ReadonlySet<string>;
}

/** Settings that only some versions have. */
export const OPTIONAL_SETTINGS = [
  "sql_if_exists",
  "system_versioning_insert_history",
  "explicit_defaults_for_timestamp",
  "character_set_collations",
  "sql_require_primary_key",
  "default_table_encryption",
] as const;

const FLAG_AUTO_IS_NULL = 1 << 14;
const FLAG_NO_FOREIGN_KEY_CHECKS = 1 << 26;
const FLAG_RELAXED_UNIQUE_CHECKS = 1 << 27;
const FLAG_MARIADB_IF_EXISTS = 1 << 28;
/** Seen on MariaDB 10.11. */
const FLAG_MARIADB_NO_CHECK_CONSTRAINTS = 1 << 15;
const FLAG_MARIADB_EXPLICIT_TIMESTAMP = 1 << 24;
const FLAG_MARIADB_INSERT_HISTORY = 1 << 30;

/**
 * The settings under which rows are applied. NO_AUTO_VALUE_ON_ZERO, since a row with 0 in its AUTO_INCREMENT column keeps it;
 * nothing strict, since what the master took must be taken.
 */
export function baseSettings(flavour: Flavour, defaults: SessionDefaults): Settings {
  const settings = new Map<string, string>([
    ["sql_mode", "'NO_AUTO_VALUE_ON_ZERO'"],
    ["foreign_key_checks", "1"],
    ["unique_checks", "1"],
    ["sql_auto_is_null", "0"],
    ["auto_increment_increment", "1"],
    ["auto_increment_offset", "1"],
    ["character_set_client", "utf8mb4"],
    ["collation_connection", "utf8mb4_general_ci"],
    ["collation_server", quotedText(defaults.collationServer)],
    ["time_zone", quotedText(defaults.timeZone)],
    ["lc_time_names", "0"],
    ["collation_database", "DEFAULT"],
    ["timestamp", "DEFAULT"],
  ]);
  if (flavour === "mysql") {
    settings.set("sql_require_primary_key", "0");
    settings.set("explicit_defaults_for_timestamp", "1");
    settings.set("default_table_encryption", "DEFAULT");
    if (defaults.defaultCollationForUtf8mb4 !== null) {
      settings.set("default_collation_for_utf8mb4", quotedText(defaults.defaultCollationForUtf8mb4));
    }
  } else {
    settings.set("sql_if_exists", "0");
    settings.set("check_constraint_checks", "1");
    settings.set("explicit_defaults_for_timestamp", "DEFAULT");
    settings.set("system_versioning_insert_history", "0");
    settings.set("character_set_collations", "''");
  }
  for (const name of OPTIONAL_SETTINGS) if (!defaults.known.has(name)) settings.delete(name);
  return settings;
}

/** The settings of a Query event: the base, with what its status variables and its time say put over it. */
export function settingsOf(
  variables: StatusVariables,
  options: { readonly flavour: Flavour; readonly base: Settings; readonly timestamp: number },
): Settings {
  const settings = new Map(options.base);
  settings.set("sql_mode", "0");
  settings.set("timestamp", `${options.timestamp}.${String(variables.microseconds).padStart(6, "0")}`);
  putFlags(settings, variables, options.flavour);
  putNumber(settings, "sql_mode", variables.sqlMode);
  putNumber(settings, "auto_increment_increment", variables.autoIncrement?.increment);
  putNumber(settings, "auto_increment_offset", variables.autoIncrement?.offset);
  putNumber(settings, "character_set_client", variables.charset?.client);
  putNumber(settings, "collation_connection", variables.charset?.connection);
  putNumber(settings, "collation_server", variables.charset?.server);
  if (variables.timeZone) settings.set("time_zone", quotedText(variables.timeZone));
  putNumber(settings, "lc_time_names", variables.lcTimeNames);
  putNumber(settings, "collation_database", variables.databaseCollation);
  if (variables.characterSetCollations) {
    putKnown(settings, "character_set_collations", collationMap(variables.characterSetCollations));
  }
  if (options.flavour === "mysql") {
    putNumber(settings, "explicit_defaults_for_timestamp", variables.explicitDefaultsForTimestamp);
    putNumber(settings, "default_collation_for_utf8mb4", variables.defaultCollationForUtf8mb4);
    putNumber(settings, "sql_require_primary_key", variables.sqlRequirePrimaryKey);
    putNumber(settings, "default_table_encryption", variables.defaultTableEncryption);
  }
  return settings;
}

/** What the setting takes are names, and what the binlog has are ids. */
function collationMap(ids: readonly number[]): string {
  if (ids.length === 0) return "''";
  return (
    "(SELECT GROUP_CONCAT(CONCAT(CHARACTER_SET_NAME,'=',FULL_COLLATION_NAME))" +
    ` FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID IN (${ids.join(",")}))`
  );
}

function putFlags(settings: Map<string, string>, variables: StatusVariables, flavour: Flavour): void {
  const flags = variables.flags2;
  if (flags === null) return;
  const bit = (mask: number): string => ((flags & mask) === 0 ? "0" : "1");
  const notBit = (mask: number): string => ((flags & mask) === 0 ? "1" : "0");
  settings.set("sql_auto_is_null", bit(FLAG_AUTO_IS_NULL));
  settings.set("foreign_key_checks", notBit(FLAG_NO_FOREIGN_KEY_CHECKS));
  settings.set("unique_checks", notBit(FLAG_RELAXED_UNIQUE_CHECKS));
  if (flavour === "mysql") return;
  putKnown(settings, "sql_if_exists", bit(FLAG_MARIADB_IF_EXISTS));
  settings.set("check_constraint_checks", notBit(FLAG_MARIADB_NO_CHECK_CONSTRAINTS));
  putKnown(settings, "explicit_defaults_for_timestamp", bit(FLAG_MARIADB_EXPLICIT_TIMESTAMP));
  putKnown(settings, "system_versioning_insert_history", bit(FLAG_MARIADB_INSERT_HISTORY));
}

/** What this server does not know is left out. */
function putKnown(settings: Map<string, string>, name: string, value: string): void {
  if (settings.has(name)) settings.set(name, value);
}

function putNumber(
  settings: Map<string, string>,
  name: string,
  value: number | bigint | null | undefined,
): void {
  if (value !== null && value !== undefined) settings.set(name, String(value));
}

/** The `SET` that leads from one state of the session to another; null where nothing differs. */
export function settingsChange(from: Settings, to: Settings): string | null {
  const assignments: string[] = [];
  for (const [name, value] of to) {
    if (from.get(name) !== value) assignments.push(`@@session.${name}=${value}`);
  }
  return assignments.length === 0 ? null : `SET ${assignments.join(",")}`;
}
