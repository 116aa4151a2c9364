/** Account and password in an address: everything between `//` and the last `@` of its first part. */
const CREDENTIALS = /\/\/[^/\s"]*@/g;

/** What stands for a secret wherever one would be shown. */
export const MASK = "[redacted]";

/** A text as it may be shown: without what addresses in it hold of accounts. */
export function maskText(text: string): string {
  return text.replaceAll(CREDENTIALS, `//${MASK}@`);
}
