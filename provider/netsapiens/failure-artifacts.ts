import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maskSecrets } from "../runtime/secrets.ts";
import { maskedPage } from "./page-scripts.ts";
import type { PortalSession } from "./portal-session.ts";

export interface FailureArtifacts {
  readonly folder: string;
  /** The files in it; none when there is no folder. */
  readonly kept: readonly string[];
  /** Why files are missing; undefined when all are there. */
  readonly reason?: string;
}

/**
 * Keeps what a failed walk saw, in a new folder that only the user can read:
 * `trace.json`, the steps with the pages that they were taken on; `page.html`, the last
 * page without scripts, fields' contents and secrets; and `screenshot.png`, a picture of
 * just that copy, taken in a tab of its own that runs no scripts and loads nothing.
 * Playwright's own trace is not used: it holds requests and passwords as they were sent.
 *
 * A page that has crashed or does not answer leaves only the trace.
 */
export async function saveFailureArtifacts(
  session: PortalSession,
  secrets: readonly string[],
  idLabels: readonly string[],
  parent = tmpdir(),
): Promise<FailureArtifacts> {
  const kept: string[] = [];
  let folder = "";
  try {
    mkdirSync(parent, { recursive: true });
    folder = mkdtempSync(join(parent, "ucaas-portal-"));
    const keep = (name: string, content: string | Buffer) => {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      kept.push(name);
    };
    keep("trace.json", maskSecrets(`${JSON.stringify(session.trace, undefined, 2)}\n`));
    // A page of another origin gets no secret.
    const known =
      new URL(session.page.url()).origin === session.origin ? secrets.filter(Boolean) : [];
    const html = maskSecrets(
      await session.answer(
        session.page.evaluate(maskedPage, { secrets: known, idLabels: [...idLabels] }),
      ),
    );
    keep("page.html", html);
    keep("screenshot.png", await picture(session, html));
    return { folder, kept };
  } catch (error) {
    if (kept.length === 0 && folder) rmSync(folder, { recursive: true, force: true });
    return { folder, kept, reason: maskSecrets((error as Error).message).split("\n")[0] };
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
