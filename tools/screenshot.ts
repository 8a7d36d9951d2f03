/** `node tools/start.mjs tools/screenshot.ts <page.html> <picture.png>`: a picture for docs/images. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

const [page, picture] = process.argv.slice(2);
if (page === undefined || picture === undefined)
  throw new Error("name the page and the file of the picture");
const browser = await chromium.launch({
  executablePath: await chromiumPath(),
  chromiumSandbox: false,
  args: ["--headless"],
});
try {
  const tab = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  await tab.goto(pathToFileURL(resolve(page)).href);
  await tab.screenshot({ path: picture, fullPage: true });
} finally {
  await browser.close();
}
