/**
 * What a changelog (in the form of keepachangelog.com) says of a version, without its heading; null where it has no such part, or
 * an empty one.
 * @param {string} changelog
 * @param {string} version
 * @returns {string | null}
 */
export function notesOf(changelog, version) {
  const parts = changelog.split(/^(?=## )/m);
  const part = parts.find((one) => one.startsWith(`## [${version}]`));
  const notes =
    part
      ?.replace(/^.*\n/, "")
      .replace(/^\[[^\]]+\]: .*$/gm, "")
      .trim() ?? "";
  return notes === "" ? null : notes;
}
