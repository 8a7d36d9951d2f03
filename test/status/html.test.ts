import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { visible } from "../../cli/redact.ts";
import { asHtml } from "../../cli/status/render-html.ts";
import { chromiumPath } from "../../tools/chromium.ts";
import { component, reportOf, resource } from "./estate.ts";
import { hostileEstate, hostileNames } from "./hostile-estate.ts";

const folder = mkdtempSync(join(tmpdir(), "ucaas-status-"));
const file = join(folder, "status.html");
let browser: Browser;

beforeAll(async () => {
  writeFileSync(file, asHtml(hostileEstate()));
  browser = await chromium.launch({
    executablePath: await chromiumPath(),
    chromiumSandbox: false,
    args: ["--headless"],
  });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The page in the browser; each request beyond the file fails the test. */
async function opened(width: number, colorScheme: "light" | "dark"): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`file://${file}`, { waitUntil: "networkidle" });
  expect(requests).toEqual([`file://${file}`]);
  return page;
}

describe("the status page with hostile names", () => {
  const views = [390, 1280].flatMap((width) =>
    (["light", "dark"] as const).map((scheme) => [width, scheme] as const),
  );

  test.each(views)("fits %i pixels in %s, and is accessible", async (width, scheme) => {
    const page = await opened(width, scheme);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    const scales = await page.evaluate(
      "[...document.querySelectorAll('svg')].map((svg) => svg.getScreenCTM().a)",
    );
    for (const scale of scales as number[]) expect(13 * scale).toBeGreaterThan(10);
    const screenshot = await page.screenshot();
    expect(screenshot.readUInt32BE(16)).toBe(width);
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as {
      violations: { id: string; nodes: { html: string }[] }[];
    };
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    await page.close();
  });

  test("shows each name as text, and runs nothing of it", async () => {
    const page = await opened(1280, "light");
    expect(await page.title()).toBe("Status of voice");
    const names = await page.locator("tbody th").allTextContents();
    for (const name of hostileNames) expect(names).toContain(visible(name));
    expect(await page.locator("script, img, iframe, object, link").count()).toBe(0);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await page.locator("style").count()).toBe(1);
    await page.close();
  });

  test("counts the customers that a vendor lists and no stack declares", async () => {
    const page = await opened(1280, "light");
    const text = await page.locator("#customers > p").allTextContents();
    expect(text).toEqual([
      expect.stringContaining("7 customers exist, 6 are declared in prod, 1 is not"),
    ]);
    await page.close();
  });

  test("says the figures of each chart to a screen reader", async () => {
    const page = await opened(1280, "light");
    const [seats, drift, cost] = await page.locator("svg[role=img] > desc").allTextContents();
    expect(seats).toBe("xima.professionalSeats: 166; enablex.users.moderator: 15");
    expect(drift).toContain("2026-01-14 03:17 UTC: 14 differ, 0 unknown");
    expect(drift).toContain("2026-01-07 03:17 UTC: 0 differ, 1 unknown");
    expect(cost).toContain("clinic: €154.50");
    await page.close();
  });

  test("is reached by the keyboard: the skip link first, then the table that scrolls", async () => {
    const page = await opened(390, "light");
    const focused = () => page.evaluate("document.activeElement.textContent");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the customers");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe(
      "Table of customers",
    );
    await page.close();
  });

  test("prints the whole table", async () => {
    const page = await opened(800, "dark");
    await page.emulateMedia({ media: "print" });
    const style = "getComputedStyle(document.querySelector('.scroll')).overflowX";
    expect(await page.evaluate(style)).toBe("visible");
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
      "rgb(255, 255, 255)",
    );
    expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
    await page.close();
  });
});

test("a page without customers, prices and reports says what is missing", () => {
  const page = asHtml(reportOf([{ stack: "prod", resources: [], pending: [] }]));
  expect(page).toContain("The state has no seats.");
  expect(page).toContain("Set ucaas:prices to see costs.");
  expect(page).toContain("Name the reports&#39; folder with --report-dir.");
});

test("seats that cannot be read are named beside the sum", () => {
  const secret = resource("XimaLicense", "acme", { professionalSeats: "[secret]" });
  const state = { stack: "prod", resources: [component("acme"), secret], pending: [] };
  expect(asHtml(reportOf([state]))).toContain("seats, and those of 1 that cannot be read");
});

test("the cost chart tells customers of two stacks apart that share a slug", () => {
  const terms = {
    prices: { currency: "EUR", period: "month", skus: { "xima.professionalSeats": "10" } },
  } as never;
  const resources = [component("acme"), resource("XimaLicense", "acme", { professionalSeats: 20 })];
  const stacks = ["north", "south"].map((stack) => ({ stack, resources, pending: [], terms }));
  expect(asHtml(reportOf(stacks))).toContain("north acme: €200.00; south acme: €200.00");
});
