import { formatPosition, type WriteOptions } from "@understudy/protocol";
import type { Committed } from "@understudy/sql-executor";
import { inSpan } from "../tracing/in-span.ts";
import type { MasterRole } from "../roles/master-role.ts";

/** What a confirmed write tells. */
export interface Receipt {
  readonly position: string;
  readonly acks: string[];
  readonly retries: number;
}

/**
 * Makes a committed write a confirmed one: waits until as many slaves have it as was asked for, which `role.acks.check` must have
 * allowed before it ran. A write that changed nothing may rest on what others have written, so that it waits for all that it can
 * have seen. Throws `ack-timeout` with `committed: true`.
 */
export async function confirmWrite(
  role: Pick<MasterRole, "epoch" | "acks" | "writtenPosition">,
  { gtid, retries }: Committed,
  options: WriteOptions,
): Promise<Receipt> {
  const position = await role.writtenPosition(gtid);
  const positionText = formatPosition({ epoch: role.epoch, gtid: position.toString() });
  const acks = await inSpan("wait for acks", {}, async (span) => {
    const acked = await role.acks.wait({ position, positionText }, options);
    span.setAttribute("understudy.acks", acked);
    return acked;
  });
  return { position: positionText, acks, retries };
}
