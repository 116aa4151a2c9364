import { describe, expect, it } from "vitest";
import { parseChaosOptions } from "./chaos-options.ts";

const parse = (...words: readonly string[]) => parseChaosOptions(words, () => 0.5);

describe("parseChaosOptions", () => {
  it("takes the fault that shows a broken rule, where none is named", () => {
    const { broken, faults, rounds, minutes } = parse("--broken", "sync-order");
    expect({ broken, faults: faults.map(({ name }) => name), rounds, minutes }).toEqual({
      broken: "sync-order",
      faults: ["double-death"],
      rounds: 6,
      minutes: null,
    });
    expect(parse("--broken", "fence", "--fault", "freeze-node").faults.map(({ name }) => name)).toEqual([
      "freeze-node",
    ]);
    expect(parse().broken).toBeNull();
  });

  it("walks for ten minutes where nothing is said", () => {
    expect(parse()).toMatchObject({ minutes: 10, rounds: null, faults: [], seed: 500_001, ack: "majority" });
  });

  it("reads faults, several at once, and rounds", () => {
    const options = parse(
      "--",
      "--fault",
      "kill-node,switchover,kill-node+etcd-member-down",
      "--rounds",
      "3",
    );
    expect(options.faults.map(({ name }) => name)).toEqual([
      "kill-node",
      "switchover",
      "kill-node+etcd-member-down",
    ]);
    expect(options).toMatchObject({ rounds: 3, minutes: null });
  });

  it.each([
    [["--fault", "earthquake"], /no fault is called "earthquake"; there are kill-node, /],
    [["--rounds", "0"], /--rounds takes a whole number from 1/],
    [["--flavour", "sqlite"], /--flavour takes (mariadb or mysql|mysql or mariadb)/],
    [["--target", "nobody"], /--target takes master, slave or random/],
    [["--ack", "none"], /--ack takes majority or async/],
    [["--broken", "gravity"], /--broken takes fence, epoch-check/],
    [["--loud"], /see --help/],
  ])("refuses %s", (words, message) => {
    expect(() => parse(...words)).toThrow(message);
  });
});
