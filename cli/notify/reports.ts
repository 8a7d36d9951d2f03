import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { readText, UnreadableTextError } from "pulumi-ucaas/internal/runtime/read-text";
import { type Message, messageOf } from "./message.ts";

/**
 * The messages of report files; all are read before one is sent.
 *
 * @throws {UcaasError} `REPORT_UNREADABLE`, `REPORT_UNKNOWN`
 */
export function readMessages(
  files: readonly string[],
  options: { unmanaged?: boolean },
): Message[] {
  return files.map((file) => messageOf(tryParseJson(contentOf(file)), file, options));
}

function contentOf(file: string): string {
  try {
    return readText(file, { maxBytes: 64 * 1024 * 1024 });
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    throw new UcaasError(`${file} ${error.message}`, {
      code: "REPORT_UNREADABLE",
      operation: "notify",
      hint: "name a file that ucaas doctor, ucaas drift --json or ucaas preview wrote with --out",
    });
  }
}
