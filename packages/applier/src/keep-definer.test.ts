import { expect, it } from "vitest";
import { keepDefiner } from "./keep-definer.ts";

const INVOKER = { user: "a`b", host: "%" };

function kept(sql: string, invoker: typeof INVOKER | null = INVOKER): string {
  return keepDefiner(Buffer.from(sql), invoker).toString();
}

it.each([
  ["ALTER EVENT e COMMENT 'x'", "ALTER DEFINER=`a``b`@`%` EVENT e COMMENT 'x'"],
  [
    " /* one */ -- two\n# three\nalter\tevent e ENABLE",
    " /* one */ -- two\n# three\nALTER DEFINER=`a``b`@`%`\tevent e ENABLE",
  ],
])("names who altered an event: %s", (sql, wanted) => {
  expect(kept(sql)).toBe(wanted);
});

it.each([
  "ALTER DEFINER=`c`@`%` EVENT e ENABLE",
  "ALTER TABLE event ADD x INT",
  "DROP EVENT e",
  "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 'ALTER EVENT x '",
])("leaves another statement as it is: %s", (sql) => {
  expect(kept(sql)).toBe(sql);
});

it("leaves the text as it is where the account is not known, and bytes of any character set", () => {
  expect(kept("ALTER EVENT e ENABLE", null)).toBe("ALTER EVENT e ENABLE");
  const latin1 = Buffer.from("ALTER EVENT e COMMENT '\xe4'", "latin1");
  expect(keepDefiner(latin1, INVOKER).toString("latin1")).toBe(
    "ALTER DEFINER=`a``b`@`%` EVENT e COMMENT '\xe4'",
  );
});
