import { createNodeClient } from "@understudy/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRecordedNode, type RecordedNode } from "../../../test/recorded-cluster.ts";
import { contextOf } from "../../../test/recorded-context.ts";
import type { Overlay } from "../../state/overlay.ts";
import * as forms from "./menu-forms.ts";

let node: RecordedNode;
beforeEach(async () => {
  node = await openRecordedNode();
});
afterEach(() => node[Symbol.asyncDispose]());

/** What comes of a form that is sent with these texts: what it opened, what it said, what reached the node. */
async function send(form: Overlay, values: Readonly<Record<string, string>>, answer: object = {}) {
  if (form.kind !== "form") throw new Error(`${form.kind} is no form`);
  const context = contextOf({});
  const submission = form.submit(values, context);
  if (submission.kind !== "run")
    return { submission, context, danger: context.state.ui.overlays[0]?.overlay };
  return { submission, context, said: await answerTo(submission.request, answer) };
}

async function answerTo(
  request: Extract<Overlay, { kind: "danger" }>["request"],
  answer: object,
): Promise<string> {
  for (const path of ["createdb", "createtable", "insert", "update", "delete", "dropdb", "droptable"]) {
    node.answers.set(`POST /${path}`, { body: { position: "7:0-1-1", ...answer } });
  }
  await using client = createNodeClient({ url: node.url });
  return (await request.call(client, { timeoutMs: 5_000 })).said;
}

const NAMES = { database: "mydb", table: "users" };

test("1 creates a database, 3 a table", async () => {
  expect((await send(forms.createDatabaseForm(), { database: "mydb" })).said).toBe("created database mydb");
  const columns = "id INT, name VARCHAR(255)";
  const made = await send(forms.createTableForm(), { ...NAMES, columns });
  expect(made.said).toBe("created table mydb.users");
  expect(node.sent).toMatchObject([
    { path: "/createdb", body: { name: "mydb" } },
    { path: "/createtable", body: { ...NAMES, columns } },
  ]);
});

test("4 inserts what was written as column=value, and tells the id", async () => {
  const answer = { affectedRows: 1, insertId: "7" };
  const { said } = await send(forms.insertForm(), { ...NAMES, record: "id=1, name='Ada'" }, answer);
  expect(said).toBe("inserted 1 row into mydb.users, id 7");
  expect(node.sent).toMatchObject([{ path: "/insert", body: { ...NAMES, record: { id: 1, name: "Ada" } } }]);
});

test("6 and 7 change only what the condition names", async () => {
  const answer = { affectedRows: 2 };
  const updated = await send(forms.updateForm(), { ...NAMES, set: "name='Bo'", where: "id=1" }, answer);
  const deleted = await send(forms.deleteForm(), { ...NAMES, where: "id>=5" }, answer);
  expect([updated.said, deleted.said]).toEqual([
    "changed 2 rows of mydb.users",
    "deleted 2 rows of mydb.users",
  ]);
  expect(node.sent.map(({ path }) => path)).toEqual(["/update", "/delete"]);
  for (const { body } of node.sent) expect(body).not.toHaveProperty("all");
});

for (const [name, form] of [
  ["6", forms.updateForm],
  ["7", forms.deleteForm],
] as const) {
  test(`${name} for every row asks for the table's name first`, async () => {
    const { submission, danger } = await send(form(), { ...NAMES, set: "name='Bo'", where: "all" });
    expect(submission).toEqual({ kind: "done" });
    expect(danger).toMatchObject({ kind: "danger", word: "users" });
    expect(node.sent).toEqual([]);
    if (danger?.kind !== "danger") throw new Error("no dialog");
    expect(danger.sentences.join(" ")).toContain("Every row of mydb.users");
    await answerTo(danger.request, { affectedRows: 3 });
    expect(node.sent).toMatchObject([{ body: { ...NAMES, all: true } }]);
  });
}

test("8 drops only after the name of what is dropped is typed", async () => {
  const ofTable = await send(forms.dropForm(), NAMES);
  const ofDatabase = await send(forms.dropForm(), { database: "mydb", table: "" });
  expect(ofTable.danger).toMatchObject({ kind: "danger", word: "users" });
  expect(ofDatabase.danger).toMatchObject({ kind: "danger", word: "mydb" });
  expect(node.sent).toEqual([]);
});

test("what can't be read as a record or a condition is said in the form, and nothing is sent", async () => {
  for (const [form, values] of [
    [forms.insertForm(), { ...NAMES, record: "{oops" }],
    [forms.updateForm(), { ...NAMES, set: "name", where: "id=1" }],
    [forms.deleteForm(), { ...NAMES, where: "=" }],
    [forms.selectForm(), { ...NAMES, where: "=" }],
  ] as const) {
    expect((await send(form, values)).submission).toMatchObject({ kind: "wrong" });
  }
  expect(node.asked).toEqual([]);
});
