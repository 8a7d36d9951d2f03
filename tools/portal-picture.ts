// Makes docs/images/netsapiens-portal.png: the path that a person, or the driver
// `portal`, takes through the admin portal. What is shown is the sandbox's portal, in
// which the labels and their order are the guide's and the rest is made up; the secret is
// painted over.
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { netsapiensServer } from "../sandbox/netsapiens/server.ts";
import { chromiumPath } from "./chromium.ts";

const picture = join(import.meta.dirname, "..", "docs", "images", "netsapiens-portal.png");
const server = netsapiensServer();
const browser = await chromium.launch({ executablePath: await chromiumPath() });
const stops: { caption: string; image: string }[] = [];

try {
  await server.start();
  const page = await browser.newPage({ viewport: { width: 620, height: 340 } });
  await page.goto(`${server.url}/SiPbx/adminlogin.php`);
  await page.getByLabel("Login Name").fill("superuser");
  await page.getByLabel("Password").fill("Sandbox-portal-1");
  await keep(page, "Log in at https://{FQDN}/SiPbx/adminlogin.php");
  await page.getByRole("button", { name: "Log In" }).click();

  await page.getByRole("link", { name: "System", exact: true }).click();
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByRole("tab", { name: "Advanced" }).click();
  await keep(page, "System → Settings → Advanced → OAuth Clients");
  await page.getByRole("link", { name: "OAuth Clients" }).click();

  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByLabel("Client ID").fill("xima-acme");
  await keep(page, "Add: a Client ID, Redirect URL left blank, Create");
  await page.getByRole("button", { name: "Create" }).click();

  await page.getByRole("row").nth(2).waitFor();
  await page.locator("tbody code").evaluateAll((cells) => {
    for (const cell of cells) cell.textContent = "the client secret";
  });
  await keep(page, "Client ID and Client Secret are in the list");

  const cells = stops.map(
    ({ caption, image }, index) =>
      `<figure><figcaption><b>${index + 1}</b> ${caption}</figcaption><img src="${image}"></figure>`,
  );
  await page.setViewportSize({ width: 1000, height: 640 });
  await page.setContent(`<style>
    body { margin: 0; padding: 8px; display: grid; grid-template-columns: 1fr 1fr; gap: 12px; font: 13px Tahoma, Verdana, sans-serif; background: #fff; }
    figure { margin: 0; } img { width: 100%; border: 1px solid #aab6c2; } figcaption { padding-bottom: 5px; } b { color: #e08a1e; }
  </style>${cells.join("")}`);
  await page.screenshot({ path: picture, fullPage: true });
  console.log(picture);
} finally {
  await browser.close();
  await server.stop();
}

async function keep(page: Page, caption: string): Promise<void> {
  const image = await page.screenshot();
  stops.push({ caption, image: `data:image/png;base64,${image.toString("base64")}` });
}
