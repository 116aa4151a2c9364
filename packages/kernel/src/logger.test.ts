import { expect, it } from "vitest";
import { silentLogger } from "./logger.ts";

it("silentLogger takes every level and says nothing", () => {
  const levels = ["debug", "info", "warn", "error"] as const;
  for (const level of levels) expect(silentLogger[level]({ event: "test" }, "nothing")).toBeUndefined();
});
