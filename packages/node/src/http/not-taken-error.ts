import { UnderstudyError } from "@understudy/protocol";

/** A node that is there has refused a request since it is not, or not yet, the master: the lead is just changing, and another try is worth it. */
export class NotTakenError extends UnderstudyError {}
