import { describe, expect, it } from "vitest";
import { commonHistory } from "./common-history.ts";

const A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

describe("what two histories have in common", () => {
  it("mysql: the sets' intersection, and what only the first has is errant", () => {
    const common = commonHistory("mysql", `${A}:1-105,${B}:3`, `${A}:1-100,${B}:1-50`);
    expect(common.shared.toString()).toBe(`${A}:1-100,${B}:3`);
    expect(common.isWhole).toBe(false);
    expect([`${A}:100`, `${A}:101`, `${B}:3`].map((gtid) => common.has(gtid))).toEqual([true, false, true]);
    expect(commonHistory("mysql", `${A}:1-10:12-20`, `${A}:5-13:20`).shared.toString()).toBe(
      `${A}:5-10:12-13:20`,
    );
    expect(commonHistory("mysql", `${A}:1-10`, `${A}:1-10,${B}:1`).isWhole).toBe(true);
    expect(commonHistory("mysql", "", `${A}:1`).isWhole).toBe(true);
    expect(commonHistory("mysql", `${A}:1`, "").shared.toString()).toBe("");
  });

  it("mariadb: by server, though another master has used the same numbers again", () => {
    // server 1 wrote up to 105, of which 100 survived; server 2 went on from there, with the numbers 101 and more
    const common = commonHistory("mariadb", "0-1-105", "0-1-100,0-2-230");
    expect(common.shared.toString()).toBe("0-1-100");
    expect(common.isWhole).toBe(false);
    expect(["0-1-100", "0-1-101", "0-2-101"].map((gtid) => common.has(gtid))).toEqual([true, false, true]);
    expect(commonHistory("mariadb", "0-1-98", "0-1-100,0-2-230").isWhole).toBe(true);
    // written past the applier on a slave
    const past = commonHistory("mariadb", "0-1-100,0-3-101", "0-1-120");
    expect([past.shared.toString(), past.isWhole]).toEqual(["0-1-100", false]);
  });

  it("mariadb: each domain for itself", () => {
    const common = commonHistory("mariadb", "0-1-5,1-1-9,2-1-4", "0-1-5,1-1-7");
    expect(common.shared.toString()).toBe("0-1-5,1-1-7");
    expect(common.isWhole).toBe(false);
  });
});
