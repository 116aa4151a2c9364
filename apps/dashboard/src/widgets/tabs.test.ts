import { expect, test } from "vitest";
import { tabNames } from "./tabs.tsx";

const TABS = [
  "Menu",
  "Overview",
  "Data",
  "SQL",
  "Events",
  "Replication",
  "Failover",
  "Settings",
  "Health",
].map((title, index) => ({ id: title, digit: String(index), title }));
const line = (width: number, chosen = "Events"): string => tabNames(TABS, chosen, width).join(" ");

test("names are whole where they fit", () => {
  expect(line(90)).toBe(
    "0 Menu 1 Overview 2 Data 3 SQL [4 Events] 5 Replication 6 Failover 7 Settings 8 Health",
  );
});

test("on narrower screens all but the chosen one are cut, the longest first", () => {
  expect(line(80)).toBe("0 Menu 1 Overvi… 2 Data 3 SQL [4 Events] 5 Replic… 6 Failov… 7 Settin… 8 Health");
  expect(line(80, "Replication")).toContain("[5 Replication]");
  expect(line(60)).toBe("0 Men 1 Ove 2 Dat 3 SQL [4 Events] 5 Rep 6 Fai 7 Set 8 Hea");
  for (const { id } of TABS) expect(line(60, id).length).toBeLessThanOrEqual(60);
});

test("at last the others are digits", () => {
  expect(line(30)).toBe("0 1 2 3 [4 Events] 5 6 7 8");
});
