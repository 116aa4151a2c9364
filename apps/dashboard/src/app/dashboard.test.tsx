import { afterEach, expect, test } from "vitest";
import { memberOf, recordedView } from "../../test/recorded-cluster.ts";
import { KEYS, openScene, type SceneOptions } from "../../test/scene.tsx";

const open: { unmount: () => void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.unmount();
});

const TWENTY = recordedView({ members: Array.from({ length: 20 }, (_, index) => memberOf(`n${index}`)) });

async function openOne(options: SceneOptions = {}) {
  const scene = await openScene({ answer: () => ({ view: TWENTY }), ...options });
  open.push(scene.app);
  return scene;
}

test("shows the first answer, asks every second, and lets ages grow while nobody answers", async () => {
  const { clock, scene, text } = await openOne();
  expect(text()).toContain("● healthy");
  await clock.advance(3_000);
  expect(scene.asks).toBe(4);
  scene.trouble = "http://a refuses connections";
  await clock.advance(8_000);
  expect(text()).toContain("× unreachable");
  expect(text()).toMatch(
    /What is shown is [78]\.\d s old\. No node answers, trying again: http:\/\/a refuses/,
  );
  scene.trouble = null;
  await clock.advance(20_000);
  expect(text()).toContain("as of now");
  expect(text()).not.toContain("No node answers");
});

test("says when it has moved to another node, and keeps what was being typed", async () => {
  const { clock, scene, press, text } = await openOne({ startView: "menu" });
  await press("1", "half a na");
  scene.url = "http://b";
  await clock.advance(1_100);
  expect(text()).toContain("moved to http://b, since http://a refuses connections");
  expect(text()).toContain("half a na▏");
});

test("keys move, also when several arrive at once", async () => {
  const { press, text } = await openOne();
  expect(text()).toMatch(/▸ +n0 /);
  await press("jj");
  await press(KEYS.down);
  expect(text()).toMatch(/▸ +n3 /);
  await press("k", KEYS.up);
  expect(text()).toMatch(/▸ +n1 /);
  await press("G");
  expect(text()).toMatch(/▸ +n19 /);
  expect(text()).toMatch(/node \d+–20 of 20/);
});

test("r asks at once", async () => {
  const { press, scene } = await openOne();
  await press("r");
  expect(scene.asks).toBe(2);
});

test("? opens the help made of the key tables, and Esc closes it", async () => {
  const { press, text, resize } = await openOne();
  await resize(100, 40);
  await press("?");
  expect(text()).toContain("Overview: members, what needs attention");
  expect(text()).toMatch(/q, Ctrl-C +leave/);
  await press(KEYS.esc);
  expect(text()).toMatch(/▸ +n0 /);
});

test("digits and the palette change the view, Esc goes back", async () => {
  const { press, text } = await openOne();
  await press("4");
  expect(text()).toContain("[4 Events]");
  await press(":", "hea", KEYS.enter);
  expect(text()).toContain("[8 Health]");
  await press(KEYS.esc, KEYS.esc);
  expect(text()).toContain("[1 Overview]");
});

test("/ filters while it is typed, and Esc shows all again", async () => {
  const { press, text } = await openOne();
  await press("/", "n7");
  expect(text()).toMatch(/▸ +n7 /);
  expect(text()).not.toContain("n12");
  await press(KEYS.enter);
  expect(text()).toContain("/n7 · Esc shows all");
  await press(KEYS.esc);
  expect(text()).toContain("n2 ");
});

test("in a text field digits and q are text", async () => {
  const { press, text, scene } = await openOne({ startView: "menu" });
  await press("1", "q4");
  expect(text()).toContain("q4▏");
  expect(scene.isClosed).toBe(false);
});

test("a paste is text in a field, with its line breaks as blanks, and nothing elsewhere", async () => {
  const { press, text } = await openOne({ startView: "menu" });
  await press("\u001B[200~1q\u001B[201~");
  expect(text()).toContain("[0 Menu]");
  await press("1", "\u001B[200~a\nb\u001B[201~");
  expect(text()).toContain("a b▏");
});

test("a resized terminal is used as it is, and a small one says so", async () => {
  const { resize, text } = await openOne();
  await resize(60, 16);
  expect(text()).toMatch(/node 1–\d of 20/);
  await resize(50, 10);
  expect(text()).toContain("Too small: 50×10");
});

for (const [name, key] of [
  ["q", "q"],
  ["Ctrl-C", KEYS.ctrlC],
] as const) {
  test(`${name} leaves and stops asking`, async () => {
    const { press, scene, clock } = await openOne();
    await press(key);
    expect(scene.isClosed).toBe(true);
    const { asks } = scene;
    await clock.advance(10_000);
    expect(scene.asks).toBe(asks);
  });
}

test("Ctrl-C leaves from within a form as well", async () => {
  const { press, scene } = await openOne({ startView: "menu" });
  await press("1", "abc", KEYS.ctrlC);
  expect(scene.isClosed).toBe(true);
});

test("--read-only hides what writes, and its keys do nothing", async () => {
  const { press, text } = await openOne({ startView: "menu", isReadOnly: true });
  expect(text()).not.toContain("Drop");
  expect(text()).toContain("2  List databases");
  await press("8");
  expect(text()).toContain("[0 Menu]");
  expect(text()).not.toContain("Drop a table");
});

test("t chooses the next theme, keeps it, and says what NO_COLOR makes of it", async () => {
  const { press, text, settings } = await openOne({ isColourless: true });
  await press("t");
  expect(settings.read().theme).not.toBe("none");
  expect(text()).toContain(`theme ${settings.read().theme}, without colours since NO_COLOR is set`);
});
