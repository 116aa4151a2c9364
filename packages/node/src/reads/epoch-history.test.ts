import { parseGtidPosition } from "@understudy/binlog";
import { ChangeSignal, silentLogger } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import type { EpochRecord } from "../cluster/epoch-store.ts";
import { EpochHistory } from "./epoch-history.ts";
import { parseWantedPosition } from "./wanted-position.ts";

const A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B = "3e11fa47-71ca-11e1-9e33-c80aa9429563";

function record(epoch: bigint, startGtid: string, startState = ""): EpochRecord {
  return { epoch, nodeId: `node${epoch}`, startGtid, startState };
}

async function historyOf(
  flavour: "mysql" | "mariadb",
  records: readonly EpochRecord[],
): Promise<EpochHistory> {
  const history = new EpochHistory({
    flavour,
    read: async () => [...records],
    changed: new ChangeSignal(),
    logger: silentLogger,
  });
  await history.learn();
  return history;
}

describe("what of an epoch has outlived it", () => {
  it("is told on MySQL by the set that the next epoch began with", async () => {
    const history = await historyOf("mysql", [
      record(1n, ""),
      record(2n, `${A}:1-7`),
      record(3n, `${A}:1-7,${B}:1-4`),
    ]);
    const survived = (text: string): boolean | null => history.survived(parseWantedPosition("mysql", text));
    expect(survived(`1:${A}:7`)).toBe(true);
    expect(survived(`1:${A}:8`)).toBe(false);
    expect(survived(`1:${A}:1-8`)).toBe(false);
    expect(survived(`2:${A}:7,${B}:4`)).toBe(true);
    expect(survived(`2:${B}:5`)).toBe(false);
    expect(survived(`3:${B}:9`)).toBeNull();
  });

  it("is told on MariaDB by the first epoch after it, whose numbers nobody had used again", async () => {
    const history = await historyOf("mariadb", [
      record(2n, "0-1-6", "0-1-6"),
      record(3n, "0-2-90", "0-1-6,0-2-90"),
    ]);
    const survived = (text: string): boolean | null => history.survived(parseWantedPosition("mariadb", text));
    expect(survived("1:0-1-6")).toBe(true);
    expect(survived("1:0-1-7")).toBe(false);
    expect(survived("2:0-2-90")).toBe(true);
    expect(survived("2:0-2-91")).toBe(false);
    expect(survived("3:0-2-91")).toBeNull();
  });

  it("is told on MariaDB by what the very server wrote, where the epochs between are not known", async () => {
    const history = await historyOf("mariadb", [record(5n, "0-2-90", "0-1-6,0-2-90")]);
    const survived = (text: string): boolean | null => history.survived(parseWantedPosition("mariadb", text));
    // within the numbers of epoch 5, but of server 1 only 6 were kept
    expect(survived("1:0-1-7")).toBe(false);
    expect(survived("1:0-1-6")).toBe(true);
    // of a server that is not known there the number has to do
    expect(survived("1:0-3-90")).toBe(true);
    expect(survived("1:0-3-91")).toBe(false);
    expect(survived("1:0-2-9,7-1-1")).toBe(false);
    expect(survived("1:")).toBe(true);
  });
});

it("learns what was written since, once for all who ask, and outlives a database that does not answer", async () => {
  const records = [record(1n, "")];
  const changed = new ChangeSignal();
  let questions = 0;
  let failure: Error | null = null;
  const history = new EpochHistory({
    flavour: "mysql",
    changed,
    logger: silentLogger,
    read: async () => {
      questions += 1;
      if (failure) throw failure;
      return [...records];
    },
  });
  const told = changed.next();
  expect(await Promise.all([history.learn(), history.learn()])).toEqual([true, true]);
  await told;
  expect(questions).toBe(1);
  expect(await history.learn()).toBe(false);
  failure = new Error("gone");
  expect(await history.learn()).toBe(false);
  failure = null;
  records.push(record(2n, `${A}:1-7`));
  const wanted = { epoch: 1n, gtid: parseGtidPosition("mysql", `${A}:9`), text: "" };
  expect(history.survived(wanted)).toBeNull();
  expect(await history.learn()).toBe(true);
  expect(history.survived(wanted)).toBe(false);
});
