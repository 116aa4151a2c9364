// The page of the client library, as a reader follows it: its blocks in order, as one program in a process of its own.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster } from "../src/index.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The slaves' addresses on the page. */
const ADDRESSES = ["http://127.0.0.1:8084", "http://127.0.0.1:8085"];

async function readProgram(): Promise<string> {
  const page = await readFile(new URL("../../../docs/client.md", import.meta.url), "utf8");
  const blocks = Array.from(page.matchAll(/^```(\w*)\n(.*?)^```$/gms), ([, language = "", text = ""]) => ({
    language,
    text,
  }));
  for (const { language } of blocks) expect(language).toBe("ts");
  return blocks.map(({ text }) => text).join("\n");
}

for (const flavour of testFlavours()) {
  it(`does what the page of the client library says (${flavour})`, async () => {
    await using cluster = await startCluster({ flavour, slaves: 2 });
    let program = await readProgram();
    for (const [index, address] of ADDRESSES.entries()) {
      expect(program).toContain(address);
      program = program.replace(address, cluster.slaves[index]?.url ?? "");
    }
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module-typescript", "--eval", program],
      { cwd: HERE, timeout: 60_000 },
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^node[123] says: tea\n2\n/);
    expect(stdout).toContain("[ 'id INT', 'name VARCHAR', 'price DECIMAL' ]");
    expect(stdout).toMatch(/there already \(duplicate-key, request .+\)/);
    const rows = await rowsOf(cluster.master, "SELECT id, name, price FROM shop.goods ORDER BY id");
    // 4.50 and 9.00, a batch and a transaction on, and the rise of the prices once
    expect(rows).toEqual([
      { id: 1, name: "green tea", price: "7.15" },
      { id: 2, name: "mug", price: "7.70" },
      { id: 4, name: "spoon", price: "2.20" },
    ]);
  });
}
