// The page at /docs in a real browser, which may reach nothing but the node: it has to work where there is no internet.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Cluster } from "../src/index.ts";

/** `npm test` installs it where it may, names it, and says why where it can't. */
const BROWSER = process.env["UNDERSTUDY_CHROMIUM"] ?? "/usr/bin/chromium";
/** In CI a missing browser is a failure. */
const CAN_RUN = existsSync(BROWSER) || process.env["CI"] !== undefined;
const BROWSER_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// what a browser shows does not depend on the flavour
const [flavour] = testFlavours();

describe.runIf(flavour && CAN_RUN)("/docs in a browser", () => {
  let cluster: Cluster;
  let profile: string;
  let context: BrowserContext;

  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), "understudy-browser-"));
    context = await openBrowser(profile);
    cluster = await startCluster({ flavour: flavour ?? "mariadb", slaves: 0 });
  });

  afterAll(async () => {
    await context?.close();
    await cluster?.[Symbol.asyncDispose]();
    await rm(profile, { recursive: true, force: true });
  });

  it("shows every operation, and loads nothing from elsewhere", async () => {
    const visit = await openDocs(context, cluster.master.url);
    const { paths } = (await cluster.master.get("/openapi.json")).body as {
      paths: Record<string, Record<string, unknown>>;
    };
    const wanted = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const methods = await visit.page.locator(".opblock-summary-method").allTextContents();
    const shownPaths = await visit.page.locator(".opblock-summary-path").allTextContents();
    // zero-width spaces let long paths break
    const shown = shownPaths.map((path, index) => `${methods[index]} ${path.replaceAll("\u200b", "")}`);
    expect(wanted.length).toBeGreaterThan(20);
    expect(shown.toSorted()).toEqual(wanted.toSorted());
    visit.expectClean();
  });

  it("sends GET /ping and shows the answer", async () => {
    const visit = await openDocs(context, cluster.master.url);
    const answer = await tryOut(visit.page, "#operations-Cluster-getPing");
    expect(answer).toContain(`"nodeId": "${cluster.master.nodeId}"`);
    expect(answer).toContain('"status": "ok"');
    visit.expectClean();
  });

  it("sends examples as they stand: a database is made, a wrong request is shown as the problem that it is", async () => {
    const visit = await openDocs(context, cluster.master.url);
    const made = await tryOut(visit.page, "#operations-Databases-postCreatedb");
    expect(made).toContain('"database": "mydb"');
    expect((await cluster.master.get("/databases")).body).toEqual({ databases: ["mydb"] });
    const twice = await tryOut(visit.page, "#operations-Databases-postCreatedb");
    expect(twice).toContain('"code": "already-exists"');
    // the browser itself notes an answer of 409
    visit.expectClean([/status of 409/]);
  });
});

async function openBrowser(profile: string): Promise<BrowserContext> {
  try {
    return await chromium.launchPersistentContext(profile, {
      executablePath: BROWSER,
      headless: true,
      args: BROWSER_ARGUMENTS,
    });
  } catch (error) {
    throw new Error(`no browser could be started from ${BROWSER}; name another in UNDERSTUDY_CHROMIUM`, {
      cause: error,
    });
  }
}

interface Visit {
  readonly page: Page;
  /** Expects that nothing came from elsewhere, and that the console is silent but for what matches. */
  expectClean(expected?: readonly RegExp[]): void;
}

async function openDocs(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith("data:")) {
      foreign.push(request.url());
    }
  });
  await page.goto(`${url}/docs`);
  await page.locator(".opblock").first().waitFor();
  return {
    page,
    expectClean: (expected = []) => {
      expect(foreign).toEqual([]);
      expect(complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([]);
    },
  };
}

/** Opens an operation, sends what the page proposes, and gives the answer's body. */
async function tryOut(page: Page, operation: string): Promise<string> {
  const block = page.locator(operation);
  const classes = (await block.getAttribute("class")) ?? "";
  if (!classes.includes("is-open")) await block.locator(".opblock-summary-control").click();
  const answered = page.waitForResponse((response) => !response.url().includes("/docs"));
  await block.locator("button.execute").click();
  await answered;
  const body = block.locator(".live-responses-table .response-col_description .highlight-code code");
  const text = await body.first().textContent();
  await block.locator("button.btn-clear").click();
  return text ?? "";
}
