/** The packet that mysql2 hands to a command. The instance and its memory are reused: read it during the call only. */
export interface BinlogPacket {
  readonly buffer: Buffer;
  /** Start of the payload that is still to be read. */
  readonly offset: number;
  /** End of the payload within `buffer`. */
  readonly end: number;
}

/** A command of our own, as mysql2 runs it: `execute` first without a packet, to send, then for each packet until it returns true. */
export interface BinlogCommand {
  execute(packet: BinlogPacket | undefined): boolean;
  onResult(error: Error | null): void;
}

/** What the reader needs of a logged-in mysql2 connection (callback style). It is the reader's alone, and destroyed by it. */
export interface BinlogConnection {
  addCommand(command: BinlogCommand): unknown;
  query(sql: string, callback: (error: Error | null, rows: unknown) => void): unknown;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  destroy(): void;
}
