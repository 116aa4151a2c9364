import { UnderstudyError } from "@understudy/protocol";
import { expect, it } from "vitest";
import { inDatabase } from "./unknown-database.ts";

const description = { charset: "", collation: "", tableCount: 0, sizeBytes: 0 };
const executor = {
  describeDatabase: async (database: string) => {
    if (database !== "there") throw new UnderstudyError("not-found", "no such database");
    return { database, ...description };
  },
};
const fail = (code: "unknown-table" | "duplicate-key") => async (): Promise<never> => {
  throw new UnderstudyError(code, "refused", { details: { errno: 1146 } });
};

it("blames the database where that is what is unknown, and keeps what the server said", async () => {
  await expect(inDatabase(executor, "nowhere", fail("unknown-table"))).rejects.toMatchObject({
    code: "unknown-database",
    details: { errno: 1146 },
  });
});

it("leaves every other error and every result as it is", async () => {
  await expect(inDatabase(executor, "there", fail("unknown-table"))).rejects.toMatchObject({
    code: "unknown-table",
  });
  await expect(inDatabase(executor, "nowhere", fail("duplicate-key"))).rejects.toMatchObject({
    code: "duplicate-key",
  });
  await expect(inDatabase(executor, "nowhere", async () => 7)).resolves.toBe(7);
});
