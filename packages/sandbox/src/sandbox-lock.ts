import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { tryProcessLock } from "@understudy/database-server";
import { UnderstudyError } from "@understudy/protocol";
import { LOCK_FILE } from "./sandbox-folder.ts";

/**
 * Takes a folder for this process until disposal. The lock of a process that is gone is taken over. Throws `config-invalid` where
 * another sandbox runs there.
 */
export async function openSandboxLock(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, LOCK_FILE);
  const attempt = await tryProcessLock(path);
  if (attempt.kind === "taken") return attempt.lock;
  throw new UnderstudyError(
    "config-invalid",
    attempt.by === null
      ? `the lock ${path} can't be taken: others take it as well`
      : `a sandbox is running in ${directory} already (process ${attempt.by}); stop it first, or name another folder with --dir`,
  );
}
