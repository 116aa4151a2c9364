import { UnderstudyError } from "@understudy/protocol";
import { isLoopback } from "../config/node-config.ts";

/** What {@link createHostCheck} accepts besides loopback names. */
export interface HostCheckOptions {
  readonly host: string;
  readonly advertisedUrl: string;
  readonly allowedHosts: readonly string[];
}

/**
 * Refuses requests that are addressed to a name that is not this node's: a page in a browser whose own name was made to point
 * at this address (DNS rebinding) could otherwise use a node that asks for no token. Throws `forbidden`.
 */
export function createHostCheck(options: HostCheckOptions): (hostHeader: string | undefined) => void {
  const allowed = new Set(
    [options.host, new URL(options.advertisedUrl).hostname, ...options.allowedHosts].map((name) =>
      bare(name),
    ),
  );
  // callers name the node by one name or two: what was looked at last is right again, and a delivery waits for no parsing
  let lastAllowed: string | undefined;
  return (hostHeader) => {
    if (hostHeader !== undefined && hostHeader === lastAllowed) return;
    const name = hostNameOf(hostHeader);
    if (allowed.has("*") || (name !== null && (isLoopback(name) || allowed.has(name)))) {
      lastAllowed = hostHeader;
      return;
    }
    throw new UnderstudyError(
      "forbidden",
      `this node is not called ${JSON.stringify(hostHeader ?? "")}; add the name to UNDERSTUDY_ALLOWED_HOSTS where it is meant`,
    );
  };
}

function bare(name: string): string {
  return name.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

function hostNameOf(hostHeader: string | undefined): string | null {
  if (hostHeader === undefined) return null;
  const url = URL.parse(`http://${hostHeader}`);
  return url === null ? null : bare(url.hostname);
}
