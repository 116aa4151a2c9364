import { readFile, stat } from "node:fs/promises";
import { expect, it } from "vitest";
import { writeOptionFile } from "./option-file.ts";

it("an option file logs in, is read by its owner alone, and is gone afterwards", async () => {
  const endpoint = { host: "127.0.0.1", port: 3307, user: "copier", password: 'a#"b' };
  const file = await writeOptionFile({ endpoint, ignoredTables: ["shop.orders"] });
  const text = await readFile(file.path, "utf8");
  expect(text).toContain('password="a#\\"b"\n');
  expect(text).toContain('[mysqldump]\nignore-table="shop.orders"\n');
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  await file[Symbol.asyncDispose]();
  await expect(stat(file.folder)).rejects.toThrow("ENOENT");
});

it("MariaDB's programs are not told to encrypt, and MySQL's are told nothing of it", async () => {
  await using file = await writeOptionFile({
    endpoint: { socketPath: "/run/relay.sock", user: "copier", password: "x" },
  });
  const groups = (await readFile(file.path, "utf8")).split(/^(?=\[)/m);
  expect(groups.filter((group) => group.includes("skip-ssl"))).toEqual(["[client-mariadb]\nskip-ssl\n"]);
});
