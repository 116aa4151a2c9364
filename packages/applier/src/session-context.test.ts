import { describe, expect, it } from "vitest";
import { baseSettings, OPTIONAL_SETTINGS, settingsChange, settingsOf } from "./session-context.ts";
import { parseStatusVariables } from "./status-variables.ts";

const defaults = {
  collationServer: "utf8mb4_general_ci",
  timeZone: "SYSTEM",
  defaultCollationForUtf8mb4: null,
  known: new Set<string>(OPTIONAL_SETTINGS),
};

describe("the session's settings", () => {
  it("change by what differs only, and back again", () => {
    const base = baseSettings("mariadb", defaults);
    const variables = parseStatusVariables(Buffer.from("00008000500507555443202b3031", "hex"), "mariadb");
    const wanted = settingsOf(variables, { flavour: "mariadb", base, timestamp: 1700000000 });
    expect(settingsChange(base, base)).toBeNull();
    expect(settingsChange(base, wanted)).toBe(
      "SET @@session.sql_mode=0,@@session.time_zone='UTC +01',@@session.timestamp=1700000000.000000," +
        "@@session.sql_if_exists=1,@@session.check_constraint_checks=0,@@session.explicit_defaults_for_timestamp=0," +
        "@@session.system_versioning_insert_history=1",
    );
    expect(settingsChange(wanted, base)).toContain("@@session.timestamp=DEFAULT");
    expect(settingsChange(wanted, base)).toContain("@@session.sql_mode='NO_AUTO_VALUE_ON_ZERO'");
  });

  it("say by name what stands for a character set, where the server knows such a setting", () => {
    const variables = parseStatusVariables(Buffer.from("830208000f002d00e800", "hex"), "mariadb");
    const at = { flavour: "mariadb", timestamp: 1700000000 } as const;
    const base = baseSettings("mariadb", defaults);
    expect(base.get("character_set_collations")).toBe("''");
    expect(settingsOf(variables, { ...at, base }).get("character_set_collations")).toMatch(
      /^\(SELECT .* WHERE ID IN \(15,232\)\)$/,
    );
    const older = baseSettings("mariadb", { ...defaults, known: new Set() });
    expect(settingsOf(variables, { ...at, base: older }).has("character_set_collations")).toBe(false);
  });

  it("leave out what the server does not know", () => {
    const base = baseSettings("mysql", { ...defaults, known: new Set() });
    expect([...base.keys()]).not.toContain("default_table_encryption");
  });

  it("quote what comes as text", () => {
    const base = baseSettings("mysql", { ...defaults, timeZone: "a'b\\c" });
    expect(base.get("time_zone")).toBe("'a''b\\\\c'");
  });
});
