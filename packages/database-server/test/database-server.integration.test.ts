import { createConnection } from "mysql2/promise";
import { describe, expect, it } from "vitest";
import { isProcessAlive, openTestServer, testFlavours } from "../src/index.ts";

for (const flavour of testFlavours()) {
  describe(`a private ${flavour} server`, () => {
    it("answers with GTIDs on, survives kill -9 with its data and takes its folder along at the end", async () => {
      await using server = await openTestServer(flavour, { readOnly: true });
      const firstPid = server.pid;
      const before = await createConnection(server.url);
      await before.query("CREATE DATABASE kept");
      const [[settings]] = await before.query<never[]>(
        "SELECT @@log_bin AS log_bin, @@read_only AS read_only, @@server_id AS server_id",
      );
      expect(settings).toEqual({ log_bin: 1, read_only: 1, server_id: 1 });
      before.destroy();

      await server.killHard();
      expect(server.pid).toBeNull();
      expect(await isProcessAlive(firstPid ?? 0)).toBe(false);

      await server.start();
      const after = await createConnection(server.url);
      const [rows] = await after.query("SHOW DATABASES LIKE 'kept'");
      expect(rows).toHaveLength(1);
      after.destroy();
    });

    it("refuses a login without the password", async () => {
      await using server = await openTestServer(flavour);
      await expect(
        createConnection({ host: server.host, port: server.port, user: "root", password: "" }),
      ).rejects.toMatchObject({
        errno: 1045,
      });
    });
  });
}
