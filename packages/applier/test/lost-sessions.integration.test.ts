import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isCodedError } from "@understudy/kernel";
import { testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { ReplicationPair } from "./replication-pair.ts";

describe.each(testFlavours())("sessions lost under load on %s", (flavour) => {
  let pair: ReplicationPair;

  beforeAll(async () => {
    pair = await ReplicationPair.open(flavour);
    await pair.onSource.run(
      "CREATE DATABASE shop",
      "USE shop",
      "CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, v INT, t TEXT)",
    );
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  /** Catches up, taking lost sessions as they come. Gives how many were lost. */
  async function insist(): Promise<number> {
    for (let lost = 0; ; lost++) {
      try {
        await pair.catchUp();
        return lost;
      } catch (error) {
        if (!isCodedError(error, "database-unavailable")) throw error;
        expect(pair.applier.state.kind).toBe("idle");
      }
    }
  }

  it("lose and double nothing when they are killed again and again", async () => {
    const batch = Array.from(
      { length: 200 },
      (_, index) => `INSERT INTO item (v, t) VALUES (${index}, REPEAT('t', 500))`,
    );
    for (let round = 0; round < 10; round++) {
      await pair.onSource.rows(batch.join(";"));
      await pair.onSource.run(
        "BEGIN",
        "UPDATE item SET v = v + 1",
        `INSERT INTO item (v) VALUES (${round})`,
        "COMMIT",
        `CREATE TABLE made_${round} AS SELECT * FROM item LIMIT 3`,
      );
    }
    using killer = await TestSession.open(pair.replica);
    const over = new AbortController();
    const killing = (async (): Promise<void> => {
      for (let kills = 1; kills <= 15 && !over.signal.aborted; kills++) {
        const [holder] = await killer.rows<{ id: string | null }>(
          "SELECT IS_USED_LOCK('understudy.applier') AS id",
        );
        if (holder?.id !== null && holder?.id !== undefined)
          await killer.run(`KILL ${holder.id}`).catch(() => undefined);
        await killer.run(`DO SLEEP(${kills * 0.02})`);
      }
    })();
    const lost = await insist();
    over.abort();
    await killing;
    await insist();
    expect(lost).toBeGreaterThan(1);
    await pair.expectEqual();
  });

  it("lose and double nothing when the server dies", async () => {
    await pair.onSource.rows(
      Array.from({ length: 500 }, (_, index) => `INSERT INTO item (v) VALUES (${index})`).join(";"),
    );
    const applying = pair.catchUp().catch((error: unknown) => error);
    await pair.replica.killHard();
    const outcome = await applying;
    expect(outcome === 500 || isCodedError(outcome, "database-unavailable")).toBe(true);
    await expect(pair.catchUp()).rejects.toMatchObject({ code: "database-unavailable" });
    await pair.replica.start();
    await insist();
    using replica = await TestSession.open(pair.replica);
    const sum = "SELECT COUNT(*) AS n, SUM(v) AS v FROM shop.item";
    expect(await replica.rows(sum)).toEqual(await pair.onSource.rows(sum));
  });
});
