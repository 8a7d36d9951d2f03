import { readFileSync } from "node:fs";
import type { PreviewReport } from "./preview-report.ts";

/** What a preview said. One that was cut off left no file, or half of one. */
export function previewIn(file: string): PreviewReport | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as PreviewReport;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
