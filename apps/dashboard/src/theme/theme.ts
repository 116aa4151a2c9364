import type { Tone } from "../state/wording.ts";

/** How a tone is drawn. Colours are the 16 of ANSI by name, so that the terminal's own palette counts. */
export interface Style {
  readonly color?: string;
  readonly backgroundColor?: string;
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
}

/** Themes that can be chosen. `mono` has brightness but no colour. */
export const THEME_NAMES = ["dark", "light", "high-contrast", "mono"] as const;
/** @see THEME_NAMES; `none` has neither, for what is no terminal. */
export type ThemeName = (typeof THEME_NAMES)[number] | "none";

/** A style for every tone. */
export type Theme = Readonly<Record<Tone, Style>>;

/** All themes. Colour is never the only sign: each tone comes with a glyph or a word where it is used. */
export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  dark: {
    good: { color: "green" },
    notice: { color: "yellow" },
    bad: { color: "redBright" },
    quiet: { dimColor: true },
    plain: {},
    accent: { color: "cyan" },
    selected: { inverse: true },
  },
  light: {
    good: { color: "green" },
    notice: { color: "magenta" },
    bad: { color: "red", bold: true },
    quiet: { color: "blackBright" },
    plain: {},
    accent: { color: "blue" },
    selected: { inverse: true },
  },
  "high-contrast": {
    good: { color: "greenBright", bold: true },
    notice: { color: "yellowBright", bold: true },
    bad: { color: "whiteBright", backgroundColor: "red", bold: true },
    quiet: { color: "whiteBright" },
    plain: { color: "whiteBright" },
    accent: { color: "cyanBright", bold: true },
    selected: { inverse: true, bold: true },
  },
  mono: {
    good: {},
    notice: { bold: true },
    bad: { bold: true },
    quiet: { dimColor: true },
    plain: {},
    accent: { bold: true },
    selected: { inverse: true },
  },
  none: { good: {}, notice: {}, bad: {}, quiet: {}, plain: {}, accent: {}, selected: {} },
};

/** True for a theme that can be asked for. */
export function isThemeName(text: string): text is (typeof THEME_NAMES)[number] {
  return THEME_NAMES.some((name) => name === text);
}

/** The theme to use: none where the output is no terminal, no colours with `NO_COLOR`, else what was asked for. */
export function themeFor(
  asked: ThemeName,
  world: { readonly isTty: boolean; readonly noColor: string },
): ThemeName {
  if (!world.isTty) return "none";
  return world.noColor === "" ? asked : "mono";
}
