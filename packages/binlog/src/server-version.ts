/** `10.11.19-MariaDB` as 101119, which compares as a version does; 0 for what is no version. */
export function versionNumberOf(version: string): number {
  const [, major = "0", minor = "0", patch = "0"] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
}
