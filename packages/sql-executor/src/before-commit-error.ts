/** The node's own statement before COMMIT failed; all was rolled back. The cause is its error, of the error table. */
export class BeforeCommitError extends Error {
  constructor(cause: Error) {
    super(`the statement before COMMIT failed: ${cause.message}`, { cause });
    this.name = "BeforeCommitError";
  }
}
