import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { readText, UnreadableTextError } from "pulumi-ucaas/internal/runtime/read-text";
import { type Message, messageOf } from "./message.ts";

/** A file that holds no report. */
export interface UnreadReport {
  readonly file: string;
  /** `REPORT_UNREADABLE` or `REPORT_UNKNOWN`. */
  readonly error: UcaasError;
}

/**
 * The messages of report files; all are read before one is sent. A file without a report
 * hides no other: where a check broke off, what the others found counts all the more.
 */
export function readMessages(
  files: readonly string[],
  options: { unmanaged?: boolean },
): { messages: Message[]; unread: UnreadReport[] } {
  const messages: Message[] = [];
  const unread: UnreadReport[] = [];
  for (const file of files) {
    try {
      messages.push(messageOf(tryParseJson(contentOf(file)), file, options));
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      unread.push({ file, error });
    }
  }
  return { messages, unread };
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
