import { EventHistory } from "@understudy/health-monitor";
import { silentLogger, systemClock, systemRandom, type Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { AccessControl } from "./access/access-control.ts";
import { readConfig } from "./config/node-config.ts";
import { Admission } from "./http/admission.ts";
import { JobBoard } from "./jobs/job-board.ts";
import { NodeMetrics } from "./metrics/node-metrics.ts";
import type { NodeRuntime } from "./node-runtime.ts";
import { createPeerClients } from "./peers/peer-clients.ts";
import { NodeTls } from "./tls/node-tls.ts";

/** Parts of a {@link startingNode} that a test brings along. */
export interface StartingNodeParts {
  readonly access?: AccessControl;
  readonly logger?: Logger;
}

const NO_TOKENS = new AccessControl({
  tokens: null,
  nodeToken: null,
  clock: systemClock,
  logger: silentLogger,
});

/** A node without a database, for what its HTTP side does by itself. Everything else answers `starting`. */
export function startingNode(
  environment: Readonly<Record<string, string>> = {},
  { access = NO_TOKENS, logger = silentLogger }: StartingNodeParts = {},
): NodeRuntime {
  const config = readConfig(
    { UNDERSTUDY_DATABASE_URL: "mysql://nobody@127.0.0.1:1", ...environment },
    "master",
  );
  const events = new EventHistory({ nodeId: "node1", clock: systemClock });
  const identity = { nodeId: "node1", advertisedUrl: "http://127.0.0.1:8083", version: "0", instance: "a" };
  const tls = new NodeTls({ config, ...identity, clock: systemClock, logger: silentLogger, events });
  return {
    services: {
      config,
      identity,
      clock: systemClock,
      random: systemRandom,
      logger,
      events,
      admission: new Admission(config),
      metrics: new NodeMetrics(),
      access,
      tls,
      peers: createPeerClients("node1", { tls: tls.forPeers }),
      jobs: new JobBoard("node1", systemClock),
    },
    running: () => {
      throw new UnderstudyError("starting", "there is no database here");
    },
    current: () => null,
    settled: () => Promise.reject(new UnderstudyError("starting", "there is no database here")),
    uptimeSeconds: () => 0,
  };
}
