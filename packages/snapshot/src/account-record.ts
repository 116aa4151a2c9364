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
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    value = null;
  }
  if (!Array.isArray(value) || !value.every(isAccountRecord)) throw torn("its accounts can't be read");
  return value;
}

function isAccountRecord(value: unknown): value is AccountRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { user, host, kind, create, grants } = fields;
  return (
    [user, host, create].every((text) => typeof text === "string") &&
    (kind === "user" || kind === "role" || kind === "public") &&
    Array.isArray(grants) &&
    grants.every((grant) => typeof grant === "string")
  );
}
