import { join } from "node:path";

/** Where Node keeps compiled code from one start to the next; half of a node's time to start is compiling. */
const COMPILE_CACHE = join(import.meta.dirname, "../../../node_modules/.cache/understudy-compiled");

/**
 * What a node's process inherits: everything but the `UNDERSTUDY_*` names, since a node refuses those that it does not know; and
 * Node's compile cache, where none was chosen.
 */
export function inheritedEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("UNDERSTUDY_"),
  );
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...Object.fromEntries(inherited) };
}
