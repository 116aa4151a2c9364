import { messageOf } from "@understudy/kernel";
import { errorCodeOf, type Role } from "@understudy/protocol";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { readConfig } from "./config/node-config.ts";
import { openNode } from "./open-node.ts";

/** How long a clean stop may take before the process just ends; nothing confirmed is lost by that. */
const STOP_DEADLINE_MS = 15_000;

/**
 * The whole program of an app: reads the environment, opens a node that starts as `role`, and stops it cleanly at SIGTERM or
 * SIGINT. Refusals to start are one plain sentence on stderr and exit code 1.
 */
export async function runNode(role: Role): Promise<void> {
  try {
    const config = readConfig(process.env, role);
    const logger = pino({ level: config.logLevel, base: { node: config.nodeId, role } });
    const node = await openNode(config, logger);
    logger.info({ event: "listening", url: node.url, nodeId: node.nodeId }, `listening on ${node.url}`);
    closeWithGrace({ delay: STOP_DEADLINE_MS, logger: false }, async ({ err, signal }) => {
      if (err) logger.error({ event: "crashed", err }, messageOf(err));
      else logger.info({ event: "stopping", signal }, "stopping");
      await node[Symbol.asyncDispose]();
    });
    await node.failed;
  } catch (error) {
    process.stderr.write(`understudy ${role}: ${messageOf(error)} (${errorCodeOf(error)})\n`);
    process.exit(1);
  }
}
