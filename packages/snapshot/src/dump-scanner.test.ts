import fc from "fast-check";
import { expect, test } from "vitest";
import { DumpScanner } from "./dump-scanner.ts";

const line = fc.constantFrom(
  "",
  "-",
  "--",
  "-- Table structure for table `a`",
  "-- Table structure for table",
  " -- Table structure for table `a`",
  "-- Dumping data for table `a`",
  "-- Dump completed on 2026-01-01",
  `INSERT INTO t VALUES ('${"-- Table structure for table `b`".repeat(5)}')`,
);

test("counts tables and sees the end as one line after another would tell, however the text is cut", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 60 }), (lines, size) => {
      const text = Buffer.from(lines.map((one) => `${one}\n`).join(""));
      const scanner = new DumpScanner();
      for (let start = 0; start < text.length; start += size)
        scanner.push(text.subarray(start, start + size));
      expect(scanner.tables).toBe(
        lines.filter((one) => one.startsWith("-- Table structure for table ")).length,
      );
      expect(scanner.isEndSeen).toBe(lines.some((one) => one.startsWith("-- Dump completed")));
      expect(scanner.bytes).toBe(text.length);
    }),
  );
});
