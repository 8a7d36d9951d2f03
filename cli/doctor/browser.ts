import { closeBrowser, withBrowser } from "pulumi-ucaas/internal/netsapiens/browser";
import type { netsapiensConfig } from "pulumi-ucaas/internal/netsapiens/config";
import type { ConfigOf } from "pulumi-ucaas/internal/runtime/config";
import type { Check } from "./check.ts";
import { resourcesOf, type StackContext } from "./context.ts";

/** The browser that creates OAuth clients in the portal: it is started, and closed again. */
export function browserCheck(
  system: string,
  { browserPath, browserSandbox, portalUsername }: ConfigOf<typeof netsapiensConfig>,
  context: StackContext,
  account: string | undefined,
): Check {
  const clients = resourcesOf(context, "NetsapiensOAuthClient", account);
  const needed =
    portalUsername !== undefined || clients.some(({ inputs }) => inputs?.driver !== "existing");
  return {
    system,
    check: "browser",
    async run() {
      if (!needed)
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
      } finally {
        await closeBrowser();
      }
    },
  };
}
