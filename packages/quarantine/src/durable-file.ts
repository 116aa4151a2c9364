import { open, type FileHandle } from "node:fs/promises";

/** So much is gathered before it is written. */
const GATHER_BYTES = 1 << 20;

/** A new file that is written from its start to its end, and on the disk once it is closed. */
export class DurableFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #isOpen = true;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Makes the file. Throws where one is there. */
  static async create(path: string): Promise<DurableFile> {
    return new DurableFile(await open(path, "wx", 0o600));
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when {@link flush} should be called before more is added. */
  get isFull(): boolean {
    return this.#waitingBytes >= GATHER_BYTES;
  }

  /** Takes bytes, which must not change until they are flushed. */
  add(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#bytes += bytes.length;
  }

  /** Hands what was taken to the operating system. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const total = waiting.reduce((sum, part) => sum + part.length, 0);
    let written = total === 0 ? 0 : (await this.#handle.writev(waiting)).bytesWritten;
    if (written === total) return;
    // the disk took less than it was given; its error, if there is one, comes with the rest
    const whole = Buffer.concat(waiting);
    while (written < total) written += (await this.#handle.write(whole, written)).bytesWritten;
  }

  /** Everything is on the disk. */
  async close(): Promise<void> {
    await this.flush();
    await this.#handle.sync();
    await this[Symbol.asyncDispose]();
  }

  /** Lets go of the file, whatever is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

/** Makes a new file with this text, on the disk when it resolves (its name needs {@link syncFolder}). */
export async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await DurableFile.create(path);
  file.add(Buffer.from(text));
  await file.close();
}

/** The names in a folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
