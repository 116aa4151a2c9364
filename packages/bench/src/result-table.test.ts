import { expect, it } from "vitest";
import { formatResults } from "./result-table.ts";

it("shows medians, ratios, figures without a peer and failures", () => {
  const text = formatResults([
    {
      title: "mysql 9.7.4, apply (12 s)",
      comparisons: [
        {
          measure: "apply 10 waiting transactions",
          peer: "native, 1 worker",
          unit: "transactions/s",
          better: "higher",
          ours: [6000, 8000, 7000],
          theirs: [4000, 4000, 3500],
        },
      ],
      observations: [{ measure: "master node before", unit: "MiB", value: 71.25 }],
      problems: ["ours has lost or doubled rows: bench.accounts"],
    },
  ]);
  expect(text).toContain("mysql 9.7.4, apply (12 s)\n");
  expect(text).toMatch(
    /^apply 10 waiting transactions {2}native, 1 worker {2}transactions\/s \(higher is better\) +7000 +4000 +2\.00 +1\.50–2\.00$/m,
  );
  expect(text).toContain("master node before: 71.3 MiB");
  expect(text).toContain("FAILED: ours has lost or doubled rows: bench.accounts");
});
