import type { EventHistory } from "@understudy/health-monitor";
import type { Clock, Logger } from "@understudy/kernel";
import type { NodeConfig } from "../config/node-config.ts";
import { AccessControl } from "./access-control.ts";
import { NodeToken } from "./node-token.ts";
import { TokenStore } from "./token-store.ts";

/** What {@link openAccess} needs. */
export interface OpenAccessOptions {
  readonly config: Pick<NodeConfig, "tokensFile" | "nodeToken" | "nodeTokenPath">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHistory;
  /** Owns what is opened. */
  readonly opening: AsyncDisposableStack;
}

/** Who may ask the node what, and how it proves to others who it is. */
export interface OpenedAccess {
  readonly access: AccessControl;
  readonly nodeToken: NodeToken;
}

/** Reads the tokens and keeps on reading them. Throws `config-invalid` with every problem of their file. */
export async function openAccess(options: OpenAccessOptions): Promise<OpenedAccess> {
  const { config, clock, logger, events, opening } = options;
  const { tokensFile: path, nodeToken: token, nodeTokenPath } = config;
  const onChange = (kind: "taken" | "refused", sentence: string): void => {
    const fields = { event: "audit", action: "token-reload", status: kind, path };
    if (kind === "taken") logger.info(fields, sentence);
    else logger.error(fields, sentence);
    events.record(kind === "taken" ? "access" : "warning", sentence);
  };
  const tokens =
    path === undefined ? null : opening.use(await TokenStore.open({ path, clock, logger, onChange }));
  const nodeToken = opening.use(new NodeToken({ token, path: nodeTokenPath, clock, logger }));
  return { access: new AccessControl({ tokens, nodeToken, clock, logger }), nodeToken };
}
