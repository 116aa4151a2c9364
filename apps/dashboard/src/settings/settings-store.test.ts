import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSettingsStore, DEFAULT_SETTINGS, xdgFolders } from "./settings-store.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "understudy-settings-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = (options = { keepsHistory: true }) =>
  createSettingsStore({ config: join(home, "config"), state: join(home, "state") }, options);

test("what is changed is there at the next start, and only that", () => {
  expect(open().read()).toEqual(DEFAULT_SETTINGS);
  const store = open();
  store.write({ pollMs: 5_000 });
  expect(store.read().pollMs).toBe(5_000);
  expect(open().read()).toEqual({ ...DEFAULT_SETTINGS, pollMs: 5_000 });
});

test("two dashboards don't undo each other's changes", () => {
  const [one, two] = [open(), open()];
  expect(one.read()).toEqual(two.read());
  one.write({ theme: "light" });
  two.write({ keepsHistory: false });
  expect(open().read()).toEqual({ ...DEFAULT_SETTINGS, theme: "light", keepsHistory: false });
});

test("values that nobody can have chosen count as none", () => {
  const store = open();
  store.write({ theme: "light" });
  const odd = { theme: "pink", pollMs: 1, keepsHistory: "yes", startView: 7 };
  writeFileSync(store.files?.settings ?? "", JSON.stringify(odd));
  expect(open().read()).toEqual(DEFAULT_SETTINGS);
});

test("statements are kept while that is on, and only once in a row", () => {
  const store = open();
  for (const statement of ["SELECT 1", "SELECT 1", " ", "SELECT 2"]) store.remember(statement);
  store.write({ keepsHistory: false });
  store.remember("SELECT 'secret'");
  expect(open().history()).toEqual(["SELECT 1", "SELECT 2"]);
  expect(readFileSync(store.files?.history ?? "", "utf8")).not.toContain("secret");
});

test("what the command line forbids is not kept, though the settings would", () => {
  const store = open({ keepsHistory: false });
  store.remember("SELECT 1");
  expect([store.allowsHistory, open().history()]).toEqual([false, []]);
});

test("folders follow the XDG rules", () => {
  expect(xdgFolders({ XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s" })).toEqual({
    config: "/c/understudy",
    state: "/s/understudy",
  });
  expect(xdgFolders({ XDG_CONFIG_HOME: "relative" }).config).toMatch(/\/\.config\/understudy$/);
});
