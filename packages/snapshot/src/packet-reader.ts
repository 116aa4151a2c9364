import type { Socket } from "node:net";

const HEAD_BYTES = 4;

/** Takes whole packets of the database protocol, with their heads, from a socket, for as long as a login takes. */
export class PacketReader {
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #isOver = false;
  #waiting: (() => void) | undefined;

  /** Reads from the socket until it is released. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#take).on("close", this.#end).on("end", this.#end);
  }

  /** The next packet; null where no more comes. One call at a time. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const packet = this.#cut();
      if (packet !== null) return packet;
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** Leaves the socket, paused, to somebody else, and gives what was read of it beyond the last packet. */
  release(): Buffer {
    this.#socket.off("data", this.#take).off("close", this.#end).off("end", this.#end).pause();
    this.#end();
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  #cut(): Buffer | null {
    if (this.#held.length < HEAD_BYTES) return null;
    const end = HEAD_BYTES + this.#held.readUIntLE(0, 3);
    if (this.#held.length < end) return null;
    const packet = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(end);
    return packet;
  }

  readonly #take = (chunk: Buffer): void => {
    this.#held = Buffer.concat([this.#held, chunk]);
    this.#waiting?.();
  };

  readonly #end = (): void => {
    this.#isOver = true;
    this.#waiting?.();
  };
}
