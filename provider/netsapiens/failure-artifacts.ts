import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maskSecrets } from "../runtime/secrets.ts";
import { maskedPage } from "./page-scripts.ts";
import type { PortalSession } from "./portal-session.ts";

/**
 * Keeps what a failed walk saw, in a new folder that only the user can read:
 * `trace.json`, the steps with the pages that they were taken on; `page.html`, the last
 * page without scripts, fields' contents and secrets; and `screenshot.png`, a picture of
 * just that copy, taken in a tab of its own that runs no scripts and loads nothing.
 * Playwright's own trace is not used: it holds requests and passwords as they were sent.
 *
 * @returns the folder, or the reason why there is none
 */
export async function saveFailureArtifacts(
  session: PortalSession,
  secrets: readonly string[],
  idLabels: readonly string[],
  parent = tmpdir(),
): Promise<{ folder: string } | { reason: string }> {
  try {
    mkdirSync(parent, { recursive: true });
    const folder = mkdtempSync(join(parent, "ucaas-portal-"));
    const keep = (name: string, content: string | Buffer) =>
      writeFileSync(join(folder, name), content, { mode: 0o600 });
    keep("trace.json", maskSecrets(`${JSON.stringify(session.trace, undefined, 2)}\n`));
    // A page of another origin gets no secret.
    const known =
      new URL(session.page.url()).origin === session.origin ? secrets.filter(Boolean) : [];
    const html = maskSecrets(
      await session.page.evaluate(maskedPage, { secrets: known, idLabels: [...idLabels] }),
    );
    keep("page.html", html);
    keep("screenshot.png", await picture(session, html));
    return { folder };
  } catch (error) {
    return { reason: maskSecrets((error as Error).message.split("\n")[0] ?? "") };
  }
}

async function picture(session: PortalSession, html: string): Promise<Buffer> {
  const browser = session.page.context().browser();
  if (!browser) throw new Error("the browser is gone");
  const context = await browser.newContext({
    javaScriptEnabled: false,
    offline: true,
    viewport: { width: 1280, height: 900 },
  });
  try {
    const page = await context.newPage();
    await page.setContent(html);
    return await page.screenshot({ fullPage: true });
  } finally {
    await context.close();
  }
}
