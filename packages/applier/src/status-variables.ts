import { UnderstudyError, type Flavour } from "@understudy/protocol";

/** The session of a Query event as its status variables describe it; null and absent mean: not said, the server's default. */
export interface StatusVariables {
  flags2: number | null;
  sqlMode: bigint | null;
  autoIncrement: { readonly increment: number; readonly offset: number } | null;
  /** Collation ids, since that is how the binlog names character sets. */
  charset: { readonly client: number; readonly connection: number; readonly server: number } | null;
  /** MariaDB 11.2 and later: ids of the collations that stand for their character sets; null where the statement uses none of them. */
  characterSetCollations: readonly number[] | null;
  timeZone: string | null;
  lcTimeNames: number | null;
  databaseCollation: number | null;
  /** The account that `CURRENT_USER` was; null where the server did not log it. */
  invoker: { readonly user: string; readonly host: string } | null;
  microseconds: number;
  explicitDefaultsForTimestamp: number | null;
  defaultCollationForUtf8mb4: number | null;
  sqlRequirePrimaryKey: number | null;
  defaultTableEncryption: number | null;
  /** The first code that is not known; nothing after it could be read. */
  unknownCode: number | null;
}

/** Most databases that a Query event lists; MySQL writes 254 instead of a list when there are more. */
const ACCESSED_DATABASES_MAX = 254;

/** Reads the status variables of a Query event. Throws `binlog-corrupt` where a value runs over the end. */
export function parseStatusVariables(bytes: Buffer, flavour: Flavour): StatusVariables {
  const found = noVariables();
  const readOwn = flavour === "mysql" ? readMysql : readMariadb;
  const cursor = new Cursor(bytes);
  while (!cursor.atEnd) {
    const code = cursor.u8();
    if (readCommon(code, cursor, found) || readOwn(code, cursor, found)) continue;
    found.unknownCode = code;
    break;
  }
  return found;
}

function noVariables(): StatusVariables {
  return {
    flags2: null,
    sqlMode: null,
    autoIncrement: null,
    charset: null,
    characterSetCollations: null,
    timeZone: null,
    lcTimeNames: null,
    databaseCollation: null,
    invoker: null,
    microseconds: 0,
    explicitDefaultsForTimestamp: null,
    defaultCollationForUtf8mb4: null,
    sqlRequirePrimaryKey: null,
    defaultTableEncryption: null,
    unknownCode: null,
  };
}

function readCommon(code: number, cursor: Cursor, found: StatusVariables): boolean {
  switch (code) {
    case 0:
      found.flags2 = cursor.u32();
      return true;
    case 1:
      found.sqlMode = cursor.u64();
      return true;
    case 3:
      found.autoIncrement = { increment: cursor.u16(), offset: cursor.u16() };
      return true;
    case 4:
      found.charset = { client: cursor.u16(), connection: cursor.u16(), server: cursor.u16() };
      return true;
    case 5:
      found.timeZone = cursor.text();
      return true;
    case 6:
      cursor.text();
      return true;
    case 7:
      found.lcTimeNames = cursor.u16();
      return true;
    case 8:
      found.databaseCollation = cursor.u16();
      return true;
    case 9:
      cursor.u64();
      return true;
    case 10:
      cursor.u32();
      return true;
    case 11:
      found.invoker = { user: cursor.text(), host: cursor.text() };
      return true;
    case 12:
      readAccessedDatabases(cursor);
      return true;
    case 13:
      found.microseconds = cursor.u24();
      return true;
    default:
      return false;
  }
}

/** The codes that MariaDB added on its own. 131 as seen from 11.8, which writes it before 4. */
function readMariadb(code: number, cursor: Cursor, found: StatusVariables): boolean {
  if (code === 128) found.microseconds = cursor.u24();
  else if (code === 129) cursor.u64();
  else if (code === 131) found.characterSetCollations = readCollations(cursor);
  else return false;
  return true;
}

/** Pairs of ids: the character set's collation by the server's own defaults, and the one that stands for the set instead. */
function readCollations(cursor: Cursor): number[] {
  return Array.from({ length: cursor.u8() }, () => {
    cursor.u16();
    return cursor.u16();
  });
}

/** The codes that MySQL added on its own. */
function readMysql(code: number, cursor: Cursor, found: StatusVariables): boolean {
  switch (code) {
    case 16:
      found.explicitDefaultsForTimestamp = cursor.u8();
      return true;
    case 17:
      cursor.u64();
      return true;
    case 18:
      found.defaultCollationForUtf8mb4 = cursor.u16();
      return true;
    case 19:
      found.sqlRequirePrimaryKey = cursor.u8();
      return true;
    case 20:
      found.defaultTableEncryption = cursor.u8();
      return true;
    default:
      return false;
  }
}

function readAccessedDatabases(cursor: Cursor): void {
  const count = cursor.u8();
  if (count >= ACCESSED_DATABASES_MAX) return;
  for (let index = 0; index < count; index++) cursor.textToNul();
}

class Cursor {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u24(): number {
    return this.#bytes.readUIntLE(this.#take(3), 3);
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  text(): string {
    const length = this.u8();
    const start = this.#take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  textToNul(): void {
    const end = this.#bytes.indexOf(0, this.#offset);
    this.#take((end < 0 ? this.#bytes.length : end) + 1 - this.#offset);
  }

  #take(count: number): number {
    const start = this.#offset;
    if (start + count > this.#bytes.length) {
      throw new UnderstudyError("binlog-corrupt", "the status variables of a Query event are cut off");
    }
    this.#offset = start + count;
    return start;
  }
}
