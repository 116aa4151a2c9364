import { UnderstudyError } from "@understudy/protocol";
import type { ServerInfo } from "./server-info.ts";

type Server = Pick<ServerInfo, "flavour" | "versionNumber">;

/**
 * Writes executable comments (MySQL's with an exclamation mark, MariaDB's with M and one) out plainly where this server
 * would run them, and blanks them where it would not. What is sent afterwards has none, so the server can't read it
 * otherwise than our lexer. Throws `not-allowed` where one is nested or never ends.
 */
export function openExecutableComments(sql: string, server: Server): string {
  if (!sql.includes("/*!") && !sql.includes("/*M!")) return sql;
  const out: string[] = [];
  let from = 0;
  let open = false;
  for (let at = 0; at < sql.length;) {
    const next = skipQuotedOrComment(sql, at);
    if (next > at) {
      at = next;
    } else if (open && sql.startsWith("*/", at)) {
      out.push(sql.slice(from, at), " ");
      from = at += 2;
      open = false;
    } else {
      const marker = markerAt(sql, at);
      if (marker === null) {
        at++;
        continue;
      }
      if (open) throw confusing("is nested");
      out.push(sql.slice(from, at), " ");
      at += marker.length;
      open = isRunBy(server, marker);
      if (!open) at = endOfSkipped(sql, at);
      from = at;
    }
  }
  if (open) throw confusing("never ends");
  out.push(sql.slice(from));
  return out.join("");
}

interface Marker {
  readonly length: number;
  readonly mariadbOnly: boolean;
  /** 0 where it names none. */
  readonly version: number;
}

function markerAt(sql: string, at: number): Marker | null {
  const [text, m, digits] = /^\/\*(M?)!(\d{6}|\d{5}|)/.exec(sql.slice(at, at + 12)) ?? [];
  if (text === undefined) return null;
  // Five digits are Mmmpp, six MMmmpp; both are major × 10,000 + minor × 100 + patch.
  return { length: text.length, mariadbOnly: m === "M", version: Number(digits || 0) };
}

function isRunBy(server: Server, marker: Marker): boolean {
  if (server.flavour === "mysql") return !marker.mariadbOnly && marker.version <= server.versionNumber;
  // MariaDB skips what is meant for MySQL 5.7 and later only.
  const forMysqlOnly = !marker.mariadbOnly && marker.version >= 50_700 && marker.version <= 99_999;
  return !forMysqlOnly && marker.version <= server.versionNumber;
}

function endOfSkipped(sql: string, at: number): number {
  const end = sql.indexOf("*/", at);
  if (end < 0) throw confusing("never ends");
  if (sql.slice(at, end).includes("/*")) throw confusing("is nested");
  return end + 2;
}

/** Where the string, quoted name or plain comment that starts at `at` ends; `at` where none does. */
function skipQuotedOrComment(sql: string, at: number): number {
  const char = sql.charAt(at);
  if (char === "'" || char === '"' || char === "`") return endOfQuoted(sql, at, char);
  if (char === "#" || (char === "-" && /^--(?:[\u0000-\u0020\u007f]|$)/.test(sql.slice(at, at + 3)))) {
    const end = sql.indexOf("\n", at);
    return end < 0 ? sql.length : end + 1;
  }
  if (char !== "/" || sql.charAt(at + 1) !== "*" || markerAt(sql, at) !== null) return at;
  const end = sql.indexOf("*/", at + 2);
  return end < 0 ? sql.length : end + 2;
}

function endOfQuoted(sql: string, start: number, quote: string): number {
  for (let at = start + 1; at < sql.length; at++) {
    const char = sql.charAt(at);
    if (char === "\\" && quote !== "`") at++;
    else if (char === quote) {
      if (sql.charAt(at + 1) !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

function confusing(what: string): UnderstudyError {
  return new UnderstudyError(
    "not-allowed",
    `an executable comment (/*! … */) ${what}; write the SQL plainly`,
  );
}
