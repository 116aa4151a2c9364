import { expect, it } from "vitest";
import { silentLogger, type Logger } from "./logger.ts";

it("silentLogger takes every level and says nothing", () => {
  const levels: readonly (keyof Logger)[] = ["debug", "info", "warn", "error"];
  for (const level of levels) expect(silentLogger[level]({ event: "test" }, "nothing")).toBeUndefined();
});
