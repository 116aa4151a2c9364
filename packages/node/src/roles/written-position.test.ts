import { parseGtidPosition } from "@understudy/binlog";
import { expect, it } from "vitest";
import { WrittenPosition } from "./written-position.ts";

it("a master's position has the writes that its binlog's reader has not seen yet, and forgets them when it has", () => {
  const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  let read = parseGtidPosition("mysql", `${uuid}:1-5`);
  const written = new WrittenPosition(() => read);
  expect(written.current().toString()).toBe(`${uuid}:1-5`);
  written.note(parseGtidPosition("mysql", `${uuid}:7`));
  written.note(parseGtidPosition("mysql", `${uuid}:6`));
  expect(written.current().toString()).toBe(`${uuid}:1-7`);
  read = parseGtidPosition("mysql", `${uuid}:1-9`);
  expect(written.current().toString()).toBe(`${uuid}:1-9`);
});

it("a procedure that commits by itself writes several transactions at once", () => {
  const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  let read = parseGtidPosition("mysql", `${uuid}:1-5`);
  const written = new WrittenPosition(() => read);
  written.note(parseGtidPosition("mysql", `${uuid}:6-20`));
  expect(written.current().toString()).toBe(`${uuid}:1-20`);
  read = parseGtidPosition("mysql", `${uuid}:1-10`);
  expect(written.current().toString()).toBe(`${uuid}:1-20`);
  read = parseGtidPosition("mysql", `${uuid}:1-21`);
  expect(written.current().toString()).toBe(`${uuid}:1-21`);
});
