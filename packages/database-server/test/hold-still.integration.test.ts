import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { holdStill, openTestServer, testFlavours } from "../src/index.ts";

async function threadStates(pid: number): Promise<readonly string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  return Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
      return stat.charAt(stat.lastIndexOf(")") + 2);
    }),
  );
}

for (const flavour of testFlavours()) {
  describe.skipIf(process.platform !== "linux")(`a frozen ${flavour} server`, () => {
    it("has stopped with all of its threads, and goes on when it is thawed", async () => {
      await using server = await openTestServer(flavour);
      const pid = server.pid ?? 0;
      await server.freeze();
      const states = await threadStates(pid);
      expect(states.length).toBeGreaterThan(5);
      expect(new Set(states)).toEqual(new Set(["T"]));
      server.thaw();
      await expect.poll(() => threadStates(pid)).not.toContain("T");
      await server.freeze();
      await server.killHard();
      await holdStill(pid);
      await server.freeze();
    });
  });
}
