import { BINLOG_MAGIC, EVENT_TYPE, sealEvent } from "@understudy/binlog";

function makeEvent(type: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(19);
  header.writeUInt32LE(1_700_000_000, 0);
  header.writeUInt8(type, 4);
  header.writeUInt32LE(1, 5);
  return sealEvent([header, body]).bytes;
}

/** A MariaDB binlog of so many transactions, `0-1-1` and so on, each one statement. */
export function makeMariadbBinlog(transactions: number): Buffer {
  const parts = [BINLOG_MAGIC, makeEvent(EVENT_TYPE.formatDescription, Buffer.alloc(80))];
  for (let sequence = 1; sequence <= transactions; sequence++) {
    const gtid = Buffer.alloc(19);
    gtid.writeBigUInt64LE(BigInt(sequence), 0);
    gtid.writeUInt8(1, 12);
    const fixed = Buffer.alloc(13);
    fixed.writeUInt8(4, 8);
    parts.push(makeEvent(EVENT_TYPE.mariadbGtid, gtid));
    parts.push(
      makeEvent(
        EVENT_TYPE.query,
        Buffer.concat([fixed, Buffer.from(`shop\0CREATE TABLE t${sequence} (a INT)`)]),
      ),
    );
  }
  return Buffer.concat(parts);
}
