import { describe, expect, test } from "vitest";
import { errorCodeOf } from "@understudy/protocol";
import { openExecutableComments } from "./executable-comments.ts";

const MYSQL = { flavour: "mysql", versionNumber: 80_036 } as const;
const MARIADB = { flavour: "mariadb", versionNumber: 101_119 } as const;

describe("openExecutableComments", () => {
  test.each([
    [MYSQL, "a /*!50100 b */ c", "a   b   c"],
    [MYSQL, "a /*! b */ c", "a   b   c"],
    [MYSQL, "a /*!80037 ' */ c", "a   c"],
    [MYSQL, "a /*M! b */ c", "a   c"],
    [MYSQL, "a /*!50100 '*/' */ c", "a   '*/'   c"],
    [MYSQL, "a /*!50100 b /* plain */ d */ c", "a   b /* plain */ d   c"],
    [MYSQL, "'/*! no */' `/*!`  /* /*! */ -- /*!\n x", "'/*! no */' `/*!`  /* /*! */ -- /*!\n x"],
    [MARIADB, "a /*M!100500 b */ c", "a   b   c"],
    [MARIADB, "a /*!50701 b */ c", "a   c"],
    [MARIADB, "a /*!100100 b */ c", "a   b   c"],
    [MARIADB, "a /*!110000 b */ c", "a   c"],
  ])("%j %s", (server, sql, expected) => {
    expect(openExecutableComments(sql, server)).toBe(expected);
  });

  test.each(["/*! a /*! b */ */", "/*! a", "/*!99999 a", "/*!99999 a /* b */ */"])("refuses %s", (sql) => {
    let code = "ok";
    try {
      openExecutableComments(sql, MYSQL);
    } catch (error) {
      code = errorCodeOf(error);
    }
    expect(code).toBe("not-allowed");
  });
});
