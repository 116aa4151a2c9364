import { isLoopback } from "../config/node-config.ts";

/** Decides whether pages of an origin may call this node; see the setting `corsOrigins`. */
export function createOriginCheck(configured: readonly string[]): (origin: string | undefined) => boolean {
  const exact = new Set(configured);
  return (origin) => {
    if (origin === undefined) return false;
    if (exact.has("*") || exact.has(origin)) return true;
    if (!exact.has("loopback")) return false;
    const url = URL.parse(origin);
    return url !== null && url.protocol === "http:" && isLoopback(url.hostname.replace(/^\[(.*)\]$/, "$1"));
  };
}
