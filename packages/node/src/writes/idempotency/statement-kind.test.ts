import { describe, expect, it } from "vitest";
import { statementKindOf } from "./statement-kind.ts";

describe("statementKindOf", () => {
  it.each([
    ["create table t (id int)", "CREATE"],
    ["\n /* why */ -- so\n# and so\nALTER TABLE t ADD b INT", "ALTER"],
    ["TRUNCATE TABLE t", "TRUNCATE"],
    ["CALL p()", "CALL"],
    ["/* CREATE */ CALL p()", "CALL"],
    ["/*!50000 CREATE */ TABLE t (id INT)", "CALL"],
    ["OPTIMIZE TABLE t", "CALL"],
    ["", "CALL"],
  ])("%j is %s", (sql, kind) => {
    expect(statementKindOf(sql)).toBe(kind);
  });
});
