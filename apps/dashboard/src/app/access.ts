import { messageOf } from "@understudy/kernel";
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

/** What the files of the command line gave, or what is wrong with them in one sentence. */
export type Access = { readonly token: string | undefined } | { readonly error: string };

/** Reads the token, and lets this process trust the certificates of `caFile`. Never throws. */
export function readAccess(files: {
  readonly tokenFile: string | null;
  readonly caFile: string | null;
}): Access {
  try {
    if (files.caFile !== null) {
      setDefaultCACertificates([...getCACertificates("default"), readFileSync(files.caFile, "utf8")]);
    }
  } catch (error) {
    return { error: `The certificates can't be read: ${messageOf(error)}.` };
  }
  if (files.tokenFile === null) return { token: undefined };
  try {
    const token = readFileSync(files.tokenFile, "utf8").trim().split(/\s/)[0] ?? "";
    // Beyond these a header can't carry it.
    if (!/^[\u0021-\u007E]+$/.test(token)) return { error: `There is no token in ${files.tokenFile}.` };
    return { token };
  } catch (error) {
    return { error: `The token can't be read: ${messageOf(error)}.` };
  }
}
