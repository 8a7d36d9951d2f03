import { join } from "node:path";
import { bundledChromium } from "../provider/netsapiens/bundled-chromium.ts";

/**
 * The Chromium that npm brought, unpacked beside node_modules' other caches: the path of
 * its executable.
 */
export async function chromiumPath(
  cache = join(import.meta.dirname, "..", "node_modules", ".cache"),
): Promise<string> {
  const path = await bundledChromium(cache);
  if (path === undefined) throw new Error("@sparticuz/chromium is not installed");
  return path;
}
