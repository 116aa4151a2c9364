import { describe, expect, it } from "vitest";
import { notesOf } from "./changelog.mjs";
import { readText } from "./manifests.mjs";

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.10.0] - 2026-02-01

### Added

- Ten.

## [1.1.0] - 2026-01-01

- One.

[1.1.0]: https://example.org
`;

describe("notesOf", () => {
  it("gives the part about a version alone", () => {
    expect(notesOf(CHANGELOG, "1.10.0")).toBe("### Added\n\n- Ten.");
    expect(notesOf(CHANGELOG, "1.1.0")).toBe("- One.");
  });

  it("gives nothing for a version without a word, or without a part", () => {
    expect(notesOf(CHANGELOG, "Unreleased")).toBeNull();
    expect(notesOf(CHANGELOG, "1.1")).toBeNull();
  });
});

it("the changelog has a part about the version that the packages are of, or about what comes", () => {
  const { version } = JSON.parse(readText("package.json"));
  const changelog = readText("CHANGELOG.md");
  expect(notesOf(changelog, version) ?? notesOf(changelog, "Unreleased")).not.toBeNull();
});
