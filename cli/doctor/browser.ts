import { closeBrowser, withBrowser } from "pulumi-ucaas/internal/netsapiens/browser";
import type { netsapiensConfig } from "pulumi-ucaas/internal/netsapiens/config";
import type { ConfigOf } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { type Check, outcomeOf } from "./check.ts";
import { resourcesOf, type StackContext } from "./context.ts";

/**
 * The browser that creates OAuth clients in the portal: it is started, and closed again.
 * A missing one needs action when a client of the state needs it. A stack without
 * resources is about to create its first ones, so there a portal login is enough.
 */
export function browserCheck(
  system: string,
  { browserPath, browserSandbox, portalUsername }: ConfigOf<typeof netsapiensConfig>,
  context: StackContext,
  account: string | undefined,
): Check {
  const clients = resourcesOf(context, "NetsapiensOAuthClient", account);
  const used = clients.some(({ inputs }) => inputs?.driver !== "existing");
  return {
    system,
    check: "browser",
    async run() {
      if (portalUsername === undefined && !used)
        return {
          status: "skipped",
          found: "no client is created in the portal, so none is needed",
        };
      try {
        return await withBrowser(
          { path: browserPath, headless: true, sandbox: browserSandbox },
          async (browser) =>
            ({ status: "ok", found: `Chromium ${browser.version()} starts` }) as const,
        );
      } catch (error) {
        const isMissing = error instanceof UcaasError && error.code === "BROWSER_MISSING";
        if (!isMissing || used || context.resources.length === 0) throw error;
        const { found, ...outcome } = outcomeOf(error);
        return { ...outcome, status: "skipped", found: `not needed by the state: ${found}` };
      } finally {
        await closeBrowser();
      }
    },
  };
}
