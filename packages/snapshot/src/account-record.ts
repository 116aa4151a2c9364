import { isObject, parseJson } from "@understudy/kernel";
import type { AccountName } from "./account-name.ts";
import { torn } from "./snapshot-frame.ts";

/** An account as the statements that make it again. Passwords are in there as hashes. */
export interface AccountRecord extends AccountName {
  /** `public` is MariaDB's role of everybody, which is always there. */
  readonly kind: "user" | "role" | "public";
  readonly create: string;
  /** Rights and roles; they name tables and other accounts, so these must be there. */
  readonly grants: readonly string[];
}

/** The payload of the accounts' frame. */
export function formatAccounts(accounts: readonly AccountRecord[]): Buffer {
  return Buffer.from(JSON.stringify(accounts));
}

/** Reads the accounts' frame. Throws `snapshot-failed` for nonsense. */
export function parseAccounts(payload: Buffer): readonly AccountRecord[] {
  const value = parseJson(payload.toString("utf8"));
  if (!Array.isArray(value) || !value.every(isAccountRecord)) throw torn("its accounts can't be read");
  return value;
}

function isAccountRecord(value: unknown): value is AccountRecord {
  if (!isObject(value)) return false;
  const { user, host, kind, create, grants } = value;
  return (
    [user, host, create].every((text) => typeof text === "string") &&
    (kind === "user" || kind === "role" || kind === "public") &&
    Array.isArray(grants) &&
    grants.every((grant) => typeof grant === "string")
  );
}
