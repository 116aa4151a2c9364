import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { OpenSnapshotOptions } from "@understudy/snapshot";
import type { NodeConfig } from "../config/node-config.ts";

type Configured = Pick<NodeConfig, "dataDir" | "dumpProgram" | "clientProgram">;

/** The programs by which copies are made and restored, and where they find how to log in. */
export function copyPrograms(config: Configured): Pick<OpenSnapshotOptions, "programs" | "loginFolder"> {
  const { dumpProgram, clientProgram } = config;
  return {
    programs: {
      ...(dumpProgram === undefined ? {} : { dump: dumpProgram }),
      ...(clientProgram === undefined ? {} : { client: clientProgram }),
    },
    loginFolder: loginFolderOf(config),
  };
}

/** Removes what a killed process left there: the files hold a password. To be called before a copy begins. */
export async function removeOldLogins(config: Pick<NodeConfig, "dataDir">): Promise<void> {
  await rm(loginFolderOf(config), { recursive: true, force: true });
}

function loginFolderOf({ dataDir }: Pick<NodeConfig, "dataDir">): string {
  return join(dataDir, "logins");
}
