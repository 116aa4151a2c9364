import { readFileSync } from "node:fs";
import { messageOf } from "@understudy/kernel";

/** What a TLS file is for. */
export type TlsPart = "ca" | "cert" | "key";

/** Paths of PEM files; each may be left out. */
export type TlsFiles = Readonly<Record<TlsPart, string | undefined>>;

/** How each file is called in messages: the setting that names it. */
export type TlsNames = Readonly<Record<TlsPart, string>>;

/** Contents of PEM files. Never show `key`. */
export type TlsMaterial = Readonly<Record<TlsPart, string | undefined>>;

/** Nothing but the authorities that Node knows. */
export const NO_TLS_MATERIAL: TlsMaterial = { ca: undefined, cert: undefined, key: undefined };

/** Reads the files. Does not throw: what can't be read is told as a problem, and left out. */
export function readTlsFiles(
  files: TlsFiles,
  names: TlsNames,
): { readonly material: TlsMaterial; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const contentOf = (part: TlsPart): string | undefined => {
    const path = files[part];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      problems.push(`${names[part]} can't be read: ${reasonOf(error, path)}`);
      return undefined;
    }
  };
  return { material: { ca: contentOf("ca"), cert: contentOf("cert"), key: contentOf("key") }, problems };
}

function reasonOf(error: unknown, path: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return `there is no file ${path}`;
  if (code === "EACCES") return `this user may not read ${path}`;
  if (code === "EISDIR") return `${path} is a folder`;
  return messageOf(error);
}

/** True where both hold the same. */
export function isSameMaterial(one: TlsMaterial, other: TlsMaterial): boolean {
  return one.ca === other.ca && one.cert === other.cert && one.key === other.key;
}
