import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { type Deletion, Deletions, restorableUntil } from "pulumi-ucaas/internal/xima/deletions";
import { counted } from "../counted.ts";
import { print, printJson, printNotice } from "../output.ts";
import { providerEnvironment } from "../pulumi/project.ts";
import { stackConfig } from "../pulumi/stack.ts";
import { minute } from "../status/minute.ts";
import { type Cell, renderTable } from "../table.ts";

const day = 86_400_000;

/** Prints the deletions that the record has, as a list or as JSON. */
export async function printDeletions(options: { stack?: string; json?: true }): Promise<void> {
  const record = new Deletions(
    options.stack === undefined ? { get: () => undefined } : await stackConfig(options.stack),
    providerEnvironment(),
  );
  const { deletions, unreadable } = await record.list().catch((error: NodeJS.ErrnoException) => {
    if (error instanceof UcaasError) throw error;
    throw new UcaasError(`${record.location} cannot be read (${error.code})`, {
      code: "DELETIONS_UNREADABLE",
      operation: "xima deletions",
      hint: "check its permissions; ucaas:journal, ucaas:journalDir, UCAAS_JOURNAL or UCAAS_JOURNAL_DIR names another place",
    });
  });
  if (unreadable.length > 0) process.exitCode = 1;
  if (options.json) {
    const listed = deletions.map((deletion) => ({
      ...deletion,
      restorableUntil: restorableUntil(deletion) ?? null,
    }));
    printJson({ file: record.location, deletions: listed, unreadable });
    return;
  }
  for (const line of unreadable)
    printNotice(`${record.location}:${line} is no record of a deletion, and is left out`);
  if (deletions.length === 0) return printNone(record, options.stack);
  print(
    renderTable(
      ["customer", "deletionId", "scheduled", "restorable", "resource"],
      deletions.map(toRow),
    ),
  );
  print("To restore a licence, give its deletionId to Xima support (support@ximasoftware.com).");
}

/** Another place may have what is looked for, and the week runs out. */
function printNone({ location, isShared }: Deletions, stack: string | undefined): void {
  print(`No deletion is recorded in ${location}.`);
  if (!isShared) print("A run with UCAAS_JOURNAL keeps them in that database: set it here too.");
  if (stack === undefined) print("With --stack, the stack's config names the place.");
}

function toRow(deletion: Deletion): Cell[] {
  const { resellerId, tenantId, deletionId, scheduledAt, resource, stack } = deletion;
  return [
    `${resellerId}/${tenantId}`,
    deletionId === null ? "lost: ask Xima support" : { text: deletionId, whole: true },
    minute(scheduledAt),
    restorable(restorableUntil(deletion)),
    [resource, stack].filter(Boolean).join(" in "),
  ];
}

function restorable(until: string | undefined, now = Date.now()): string {
  if (until === undefined) return "within a week";
  const left = Date.parse(until) - now;
  if (left <= 0) return `no longer (until ${minute(until)})`;
  const days = Math.floor(left / day);
  return `until ${minute(until)} (${days >= 1 ? counted(days, "day") : "less than a day"} left)`;
}
