import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PromisedEpoch } from "./promised-epoch.ts";

let dataDir = "";

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "understudy-promise-"));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

const known = { isNew: false };

describe("PromisedEpoch", () => {
  it("is known from the second life on, and in the first of a new node", async () => {
    expect((await PromisedEpoch.open(join(dataDir, "new"), { isNew: true })).before).toBe(0n);
    expect((await PromisedEpoch.open(dataDir, known)).before).toBeNull();
    expect((await PromisedEpoch.open(dataDir, known)).before).toBe(0n);
  });

  it("keeps the highest one over restarts", async () => {
    const promised = await PromisedEpoch.open(dataDir, known);
    await Promise.all([promised.keep(4n), promised.keep(7n), promised.keep(5n)]);
    expect((await PromisedEpoch.open(dataDir, known)).before).toBe(7n);
  });

  it("is not known where its file can't be read", async () => {
    await PromisedEpoch.open(dataDir, known);
    await writeFile(join(dataDir, "promised-epoch"), "seven\n");
    expect((await PromisedEpoch.open(dataDir, { isNew: false })).before).toBeNull();
  });
});
