import { createHash, type Hash } from "node:crypto";
import { isObject, orAbort, parseJson } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** Begins each stream; the digit is the version of the framing itself. */
const MAGIC = Buffer.from("USNAPSH1", "latin1");
/** Type u8, length u32 little-endian. */
const HEAD_BYTES = 5;

const TYPES = { header: 1, accounts: 2, data: 3, trailer: 4, views: 5 } as const;

/** What a frame holds. */
export type FrameKind = keyof typeof TYPES;

const BYTES_MAX: Readonly<Record<FrameKind, number>> = {
  header: 64 * 1024 * 1024,
  accounts: 256 * 1024 * 1024,
  views: 256 * 1024 * 1024,
  data: 4 * 1024 * 1024,
  trailer: 64 * 1024,
};

/** One piece of a stream. */
export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
}

/** What the last frame says of all bytes before it. */
interface Trailer {
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes a stream: the magic before the first frame, then frames, at last a trailer over all of it. */
export class FrameWriter {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  /** The bytes of one frame. */
  frame(kind: Exclude<FrameKind, "trailer">, payload: Uint8Array): Buffer {
    const bytes = this.#encode(kind, payload);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    return bytes;
  }

  /** The last frame. Only for a stream that is whole. */
  trailer(): Buffer {
    const trailer: Trailer = { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    return this.#encode("trailer", Buffer.from(JSON.stringify(trailer)));
  }

  #encode(kind: FrameKind, payload: Uint8Array): Buffer {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(TYPES[kind], 0);
    head.writeUInt32LE(payload.length, 1);
    return Buffer.concat(this.#bytes === 0 ? [MAGIC, head, payload] : [head, payload]);
  }
}

/**
 * Reads a stream's frames, the trailer apart. Ends only behind a trailer that agrees with every byte before it; throws
 * `snapshot-failed` where the stream is cut, damaged, goes on behind its trailer or is something else. An abort ends it at once, also
 * while the stream is silent.
 */
export async function* readFrames(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  const hash = createHash("sha256");
  const input = new ByteQueue(body, signal);
  try {
    yield* readFramesOf(input, hash);
  } finally {
    await input.close();
  }
}

async function* readFramesOf(input: ByteQueue, hash: Hash): AsyncGenerator<Frame> {
  let bytes = MAGIC.length;
  const magic = await input.take(MAGIC.length);
  if (!magic.equals(MAGIC)) throw torn("it is no copy of the data, or one of another version of Understudy");
  hash.update(magic);
  for (;;) {
    const head = await input.take(HEAD_BYTES);
    const kind = kindOf(head.readUInt8(0));
    const length = head.readUInt32LE(1);
    if (length > BYTES_MAX[kind]) throw torn(`a ${kind} frame of ${length} bytes is larger than any can be`);
    const payload = await input.take(length);
    if (kind === "trailer") {
      assertTrailer(payload, { bytes, sha256: hash.digest("hex") });
      await input.assertEnd();
      return;
    }
    hash.update(head).update(payload);
    bytes += HEAD_BYTES + length;
    yield { kind, payload };
  }
}

/** The error of a stream that is not whole. */
export function torn(problem: string): UnderstudyError {
  return new UnderstudyError("snapshot-failed", `the copy that arrives is not whole: ${problem}`);
}

function kindOf(type: number): FrameKind {
  for (const kind of ["header", "accounts", "views", "data", "trailer"] as const)
    if (TYPES[kind] === type) return kind;
  throw torn(`it has a frame of the unknown type ${type}`);
}

function assertTrailer(payload: Buffer, actual: Trailer): void {
  const said = parseJson(payload.toString("utf8"));
  if (!isObject(said)) throw torn("its trailer can't be read");
  const agrees = said["bytes"] === actual.bytes && said["sha256"] === actual.sha256;
  if (!agrees) throw torn("its checksum does not agree");
}

/** Hands out exact numbers of bytes of a stream. Holds what one of its chunks has too much. */
class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  #held: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.#signal = signal;
    this.#chunks = body[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    if (this.#held.length >= length) return this.#cut(length);
    const parts = [this.#held];
    let missing = length - this.#held.length;
    while (missing > 0) {
      const chunk = await this.#next();
      if (!chunk) throw torn("it ends too early");
      parts.push(chunk);
      missing -= chunk.length;
    }
    this.#held = Buffer.concat(parts);
    return this.#cut(length);
  }

  async assertEnd(): Promise<void> {
    const isMore = this.#held.length > 0 || ((await this.#next())?.length ?? 0) > 0;
    if (isMore) throw torn("something follows its end");
  }

  /** Tells the stream's source that nothing more is wanted. */
  async close(): Promise<void> {
    try {
      const closing = this.#chunks.return?.();
      // a source that waits for its own next chunk would keep us waiting as well
      if (closing) await orAbort(closing, this.#signal);
    } catch {
      // the stream's own end is nobody's business any more
    }
  }

  async #next(): Promise<Buffer | null> {
    const next = await orAbort(this.#chunks.next(), this.#signal);
    if (next.done === true) return null;
    return Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  }

  #cut(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}
