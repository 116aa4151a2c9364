import { BACKUP_MEDIA_TYPE } from "../../backup/backup-file.ts";
import type { OperationTable } from "../operation.ts";

/** What is told of the route that gives backups. */
export const BACKUP_OPERATIONS: OperationTable = {
  "GET /backup": {
    tag: "Cluster",
    summary: "A backup of all that this node has",
    description:
      "A consistent dump at one position, compressed, as it is made: all databases and the accounts that people made. Ask a slave, to spare the master. Reads and writes go on meanwhile; changes of definitions wait on the node that gives it. One at a time on each node; `GET /jobs` shows how far it is, `DELETE /jobs/{id}` ends it. The stream ends with a checksum, without which `restore` takes it for torn: see docs/operations.md.",
    answers: "The backup; `Content-Disposition` names the file",
    content: { [BACKUP_MEDIA_TYPE]: { example: "" } },
    errors: [
      "starting",
      "overloaded",
      "snapshot-failed",
      "server-unsuitable",
      "database-unavailable",
      "timeout",
    ],
  },
};
