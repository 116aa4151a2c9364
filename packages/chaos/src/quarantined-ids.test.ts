import { expect, it } from "vitest";
import { idsIn } from "./quarantined-ids.ts";

it("finds whole ids, not their beginnings", () => {
  expect(idsIn("INSERT ('r3-home1-55'), ('r12-library0-7')\ncounter home1")).toEqual([
    "r3-home1-55",
    "r12-library0-7",
  ]);
});
