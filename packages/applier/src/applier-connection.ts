/** An incoming packet as mysql2 hands it to a command. The instance is reused: read it during the call only. */
export interface ApplierPacket {
  readonly buffer: Buffer;
  /** Start of the payload that is still to be read. */
  readonly offset: number;
  /** End of the payload within `buffer`. */
  readonly end: number;
}

/** A command of our own on a mysql2 connection: `execute` first sends, then takes each packet until it returns true. */
export interface ApplierCommand {
  execute(packet: ApplierPacket | undefined, connection: ApplierConnection): boolean;
  onResult?(error: Error | null): void;
}

/**
 * The structural minimum of mysql2's callback-style connection that the applier needs. Several statements in one packet
 * must be allowed, and it must swallow the errors of an idle connection (`on("error")`).
 */
export interface ApplierConnection {
  addCommand(command: ApplierCommand): unknown;
  writePacket(packet: unknown): void;
  sequenceId: number;
  /** The server's id of this session. */
  readonly threadId: number;
  destroy(): void;
}
