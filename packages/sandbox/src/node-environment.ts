/** What a node's process inherits: everything but the `UNDERSTUDY_*` names, since a node refuses those that it does not know. */
export function inheritedEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("UNDERSTUDY_"),
    ),
  );
}
