import { expect, test } from "vitest";
import { drawScreen } from "../../../test/draw-screen.tsx";
import { memberOf, recordedView } from "../../../test/recorded-cluster.ts";
import { contextOf, type RecordedContextOptions } from "../../../test/recorded-context.ts";
import { openScene, KEYS } from "../../../test/scene.tsx";
import { SIZES } from "../../../test/sizes.ts";
import { dispatchKey } from "../../app/dispatch-key.ts";
import { settingsItems, stepped } from "./settings-items.ts";

for (const [columns, rows] of SIZES) {
  test(`${columns}×${rows} shows what can be changed, and the rest by moving down`, () => {
    const top = drawScreen(columns, rows, { viewId: "settings" }).join("\n");
    expect(top).toMatch(/▸ theme +‹ none ›/);
    expect(top).toMatch(/asks every +‹ 1\.0 s ›/);
    expect(top).toMatch(/history +‹ on ›/);
    expect(top).toMatch(/read-only +no/);
    const bottom = drawScreen(columns, rows, {
      viewId: "settings",
      prepare: (context) => dispatchKey({ name: "G", text: "G" }, context),
    }).join("\n");
    expect(bottom).toMatch(/dashboard +0\.1\.0/);
    expect(bottom).toMatch(/node +0\.1\.0 \(node-a\), on mysql 9\.7\.4/);
    expect(bottom).toMatch(/▸ wire +1 in this release/);
  });
}

const valueOf = (label: string, options: RecordedContextOptions = {}): string =>
  settingsItems(contextOf({ viewId: "settings", ...options })).find((item) => item.label.trim() === label)
    ?.value ?? "";

test("says whether a token is sent and from where, never what it is", () => {
  expect(valueOf("token")).toBe("none is sent (--token-file FILE)");
  const facts = { tokenFile: "/home/me/token", caFile: "/etc/ca.pem" };
  expect(valueOf("token", { facts })).toBe("sent with each request; read from /home/me/token at the start");
  expect(valueOf("authorities", { facts })).toBe("those of the system, and of /etc/ca.pem");
  expect(valueOf("encryption")).toContain("none: the address begins with http");
});

test("says that it is read-only, that nobody answers, and which nodes there are", () => {
  expect(valueOf("read-only", { isReadOnly: true })).toMatch(/^yes/);
  expect(valueOf("state", { trouble: "refused" })).toBe("! no node answers: refused");
  expect(valueOf("node-a")).toBe("● up, master, attached http://127.0.0.1/node-a");
  expect(valueOf("node-c")).toBe("● up, slave http://127.0.0.1/node-c");
  const mixed = recordedView({ members: [memberOf("node-a"), memberOf("node-b", { version: "0.2.0" })] });
  expect(valueOf("all nodes", { view: mixed })).toBe("node-a 0.1.0, node-b 0.2.0");
});

test("values step around both ends", () => {
  expect(stepped([1, 2, 3], 3, 1)).toBe(1);
  expect(stepped([1, 2, 3], 1, -1)).toBe(3);
  expect(stepped([1, 2, 3], 9, 1)).toBe(1);
});

test("theme, interval and history are changed by arrows and kept, and the interval counts at once", async () => {
  const { press, settings, clock, scene, app, text } = await openScene({ startView: "settings" });
  await press("\u001B[C", "j", "\u001B[C", "j", "\u001B[C");
  expect(settings.read()).toMatchObject({ theme: "dark", pollMs: 2_000, keepsHistory: false });
  expect(text()).toContain("no statement is kept from now on");
  settings.remember("SELECT 1");
  expect(settings.history()).toEqual([]);
  const { asks } = scene;
  await clock.advance(8_000);
  expect(scene.asks - asks).toBe(4);
  app.unmount();
});

test("Enter attaches to the chosen node, and says so of the one that is attached", () => {
  const context = contextOf({ viewId: "settings" });
  const attached: string[] = [];
  Object.assign(context.services, { attach: (url: string) => attached.push(url) });
  const press = (name: string): void => dispatchKey({ name, text: "" }, context);
  for (let line = 0; line < 5; line++) press("Down");
  press("Enter");
  expect([attached, context.state.ui.notice?.text]).toEqual([[], "That is the node that is asked already."]);
  press("Down");
  press("Enter");
  expect(attached).toEqual(["http://127.0.0.1/node-b"]);
});

test("a fact too long for the line is shown whole by Enter", async () => {
  const { press, text, app } = await openScene({ startView: "settings" });
  await press("G", KEYS.enter);
  expect(text()).toContain("each two nodes agree on the newest that both speak");
  app.unmount();
});
