import { readPackedInteger } from "@understudy/binlog";

const SESSION_STATE_CHANGED = 0x4000;
const SYSTEM_VARIABLE = 0;
const STATUS_AND_WARNINGS_BYTES = 4;

/** The status flags of an OK packet's payload. */
export function okStatus(payload: Buffer): number {
  return payload.readUInt16LE(statusOffset(payload));
}

/** MariaDB: the `last_gtid` that an OK packet tells of (`session_track_system_variables`), or null where it tells of none. */
export function trackedGtid(payload: Buffer): string | null {
  const status = statusOffset(payload);
  if ((payload.readUInt16LE(status) & SESSION_STATE_CHANGED) === 0) return null;
  const info = readPackedInteger(payload, status + STATUS_AND_WARNINGS_BYTES);
  const state = readPackedInteger(payload, info.end + info.value);
  const end = state.end + state.value;
  let gtid: string | null = null;
  for (let offset = state.end; offset < end;) {
    const kind = payload.readUInt8(offset);
    const change = readPackedInteger(payload, offset + 1);
    offset = change.end + change.value;
    if (kind !== SYSTEM_VARIABLE) continue;
    for (let at = change.end; at < offset;) {
      const name = readText(payload, at);
      const value = readText(payload, name.end);
      if (name.text === "last_gtid") gtid = value.text;
      at = value.end;
    }
  }
  return gtid;
}

function statusOffset(payload: Buffer): number {
  return readPackedInteger(payload, readPackedInteger(payload, 1).end).end;
}

function readText(payload: Buffer, offset: number): { readonly text: string; readonly end: number } {
  const length = readPackedInteger(payload, offset);
  const end = length.end + length.value;
  return { text: payload.toString("latin1", length.end, end), end };
}
