import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStatusVariables } from "./status-variables.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("status variables of a Query event", () => {
  it("are read as MySQL 9.7 wrote them", () => {
    const bytes = hex(
      "00 00000000 01 2000a04500000000 06 03737464 04 e000 e000 ff00 0c 01 7a6f6f00 11 0b00000000000000 12 ff00 13 00 14 00 05 06 2b30353a3030",
    );
    expect(parseStatusVariables(bytes, "mysql")).toMatchObject({
      flags2: 0,
      sqlMode: 0x45a00020n,
      charset: { client: 224, connection: 224, server: 255 },
      defaultCollationForUtf8mb4: 255,
      sqlRequirePrimaryKey: 0,
      defaultTableEncryption: 0,
      timeZone: "+05:00",
      unknownCode: null,
    });
  });

  it("are read as MariaDB 10.11 wrote them", () => {
    const bytes = hex(
      "00 00800050 01 0800205400000000 06 03737464 04 e000 e000 2d00 80 010203 81 3e8e000000000000",
    );
    expect(parseStatusVariables(bytes, "mariadb")).toMatchObject({
      flags2: 0x50008000,
      sqlMode: 0x54200008n,
      microseconds: 0x030201,
      unknownCode: null,
    });
  });

  it("are read as MariaDB 11.8 wrote them, which puts what stands for a character set before the session's", () => {
    const bytes = hex(
      "00 00000000 01 0000205400000000 06 03737464 83 02 08000f00 2d00e800 04 0009 0009 0009 81 0a00000000000000",
    );
    expect(parseStatusVariables(bytes, "mariadb")).toMatchObject({
      characterSetCollations: [15, 232],
      charset: { client: 2304, connection: 2304, server: 2304 },
      unknownCode: null,
    });
    expect(parseStatusVariables(hex("83 00"), "mariadb").characterSetCollations).toEqual([]);
    expect(parseStatusVariables(hex("83 00"), "mysql").unknownCode).toBe(131);
  });

  it("end at a code that is not known, with what was read before", () => {
    expect(parseStatusVariables(hex("07 0500 fa 01020304 01 00"), "mysql")).toMatchObject({
      lcTimeNames: 5,
      sqlMode: null,
      unknownCode: 0xfa,
    });
  });

  it("know the overflow mark of the accessed databases", () => {
    expect(parseStatusVariables(hex("0c fe 07 0300"), "mysql")).toMatchObject({ lcTimeNames: 3 });
  });

  it("throw binlog-corrupt, and nothing else, where they are cut off", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom("mysql" as const, "mariadb" as const),
        (bytes, flavour) => {
          try {
            parseStatusVariables(Buffer.from(bytes), flavour);
          } catch (error) {
            expect(error).toMatchObject({ code: "binlog-corrupt" });
          }
        },
      ),
    );
    expect(() => parseStatusVariables(hex("01 0000"), "mysql")).toThrow("cut off");
  });
});
