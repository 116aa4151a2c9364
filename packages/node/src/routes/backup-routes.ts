import { anySignal, messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SnapshotOrigin } from "@understudy/snapshot";
import type { FastifyReply } from "fastify";
import { ClusterStore } from "../cluster/cluster-store.ts";
import { BACKUP_MEDIA_TYPE, backupFileName } from "../backup/backup-file.ts";
import { backupOrigin } from "../backup/backup-origin.ts";
import type { HttpServer } from "../http/create-server.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import { StreamedAnswer } from "../http/streamed-answer.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { JobProgress } from "../jobs/job-board.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { copyWords } from "../rejoin/copy-words.ts";

/** A reader whose disk is busy may take nothing for a while; definitions can't change here meanwhile. */
const STALL_MS_MAX = 2 * 60_000;

/** `GET /backup`: everything that this node has, at one position, as `restore` reads it. */
export function addBackupRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const stopping = stoppingSignal(server);
  const { jobs } = runtime.services;
  server.get("/backup", { exposeHeadRoute: false }, async (request, reply) => {
    const { role } = runtime.running();
    if (role.kind === "slave") role.checkInside();
    role.copies.checkFree();
    await whileConnected(request, (gone) =>
      jobs.runAside("backup", (progress) =>
        giveBackup(runtime, { progress, reply, signal: anySignal(gone, stopping, progress.cancelled) }),
      ),
    ).catch((error: unknown) => {
      // the answer has begun and is cut: without its end nobody takes it for a whole one
      if (!reply.sent) throw error;
      runtime.services.logger.warn({ event: "copy-broken" }, `a backup broke off: ${messageOf(error)}`);
    });
    return reply;
  });
}

interface Giving {
  readonly progress: JobProgress;
  readonly reply: FastifyReply;
  readonly signal: AbortSignal;
}

async function giveBackup(runtime: NodeRuntime, { progress, reply, signal }: Giving): Promise<void> {
  const { clock } = runtime.services;
  const { role } = runtime.running();
  const origin = await originOf(runtime);
  await progress.step("give a backup of the data", async (tell) => {
    await using copy = await role.copies.open({
      member: null,
      origin: () => stillOf(runtime, origin),
      onProgress: (told) => tell(copyWords(told)),
      signal: anySignal(signal, role.reads.ended),
    });
    const headers = {
      "content-type": BACKUP_MEDIA_TYPE,
      "content-disposition": `attachment; filename="${backupFileName(origin)}"`,
      "cache-control": "no-store",
    };
    const options = { status: 200, headers, clock, stallMs: STALL_MS_MAX, signal: copy.cut };
    using answer = new StreamedAnswer(reply, options);
    for await (const chunk of copy.body) await answer.write(chunk);
    answer.end();
  });
}

/** Throws `starting` on a node whose database is in no cluster yet. */
async function originOf(runtime: NodeRuntime): Promise<SnapshotOrigin> {
  const record = await new ClusterStore(runtime.running().executor).read();
  if (!record) throw new UnderstudyError("starting", "this node's database is in no cluster yet");
  return backupOrigin(runtime.services, record);
}

/** The position is fixed now: the epoch from before is its epoch only where none has begun meanwhile. */
async function stillOf(runtime: NodeRuntime, origin: SnapshotOrigin): Promise<SnapshotOrigin> {
  const { epoch } = await originOf(runtime);
  if (epoch === origin.epoch) return origin;
  throw new UnderstudyError(
    "snapshot-failed",
    `epoch ${epoch} began in the moment in which the backup did; try again`,
  );
}
