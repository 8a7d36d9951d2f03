import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import type { ChangeReport } from "../changes/report.ts";
import { costLine, operations, rows, violationLines } from "../changes/rows.ts";
import { counted } from "../counted.ts";
import { type DoctorReport, doctorReportSchema } from "../doctor/report.ts";
import {
  customerLines,
  customerRemedy,
  customerSummary,
  needsAttention,
} from "../drift/customers.ts";
import { resourceLabel, summary, toRow } from "../drift/render.ts";
import { type DriftReport, driftReportSchema, statusWithCustomers } from "../drift/report.ts";
import { type PreviewReport, previewSchema } from "../gitops/preview-report.ts";
import { redact, visible } from "../redact.ts";
import { remedyInLine } from "../remedy.ts";

/**
 * What a notification says of a report: plain text. Texts of others are not escaped yet.
 */
export interface Message {
  readonly kind: "doctor" | "drift" | "preview";
  readonly stacks: readonly string[];
  /** `ok`: nothing to do. `unknown`: a check failed. */
  readonly status: "ok" | "unknown" | "action";
  readonly title: string;
  /** Short ones, the most important first. */
  readonly lines: readonly string[];
}

/**
 * With `unmanaged`, customers that no stack declares count as drift.
 *
 * @throws {UcaasError} `REPORT_UNKNOWN` when the JSON is no report of this package.
 */
export function messageOf(
  report: unknown,
  file: string,
  { unmanaged = false }: { unmanaged?: boolean } = {},
): Message {
  const doctor = doctorReportSchema.safeParse(report).data;
  if (doctor) return ofDoctor(doctor);
  const drift = driftReportSchema.safeParse(report).data;
  if (drift) return ofDrift(drift, unmanaged);
  const preview = previewSchema.safeParse(report).data;
  if (preview) return ofPreview(preview);
  throw new UcaasError(`${file}: no report of doctor, drift or preview`, {
    code: "REPORT_UNKNOWN",
    operation: "notify",
    hint: "name a file that ucaas doctor, ucaas drift --json or ucaas preview wrote with --out",
  });
}

function ofDoctor({ stack, status, findings }: DoctorReport): Message {
  const worst = findings.filter((each) => each.status === "action");
  const unknown = findings.filter((each) => each.status === "unknown");
  const parts = [
    worst.length > 0 && counted(worst.length, "needs action", "need action"),
    unknown.length > 0 && `${unknown.length} could not be told`,
  ].filter((part) => part !== false);
  return {
    kind: "doctor",
    stacks: stack === undefined ? [] : [text(stack)],
    status,
    title: text(
      `Doctor${stack === undefined ? "" : ` of ${stack}`}: ${parts.join(", ") || "all is in order"}`,
    ),
    lines: [...worst, ...unknown].map(({ system, check, found, remedy }) =>
      text(
        `${system}: ${check}: ${found}${remedy === undefined ? "" : `. ${remedyInLine(remedy)}`}`,
      ),
    ),
  };
}

function ofDrift(report: DriftReport, unmanaged: boolean): Message {
  const { stacks, customers } = report;
  const status = unmanaged ? statusWithCustomers(report) : report.status;
  const several = stacks.length > 1;
  const lines = stacks.flatMap(({ stack, unknown, differences }) => [
    ...unknown.map((error) =>
      joined([several && stack, "could not tell", resourceLabel(error), error.reason], ": "),
    ),
    ...differences.map((difference) => {
      const [customer, resource, property, declared, actual] = toRow(difference);
      const where = joined([several && stack, customer, resource, property], " ");
      return `${where}: declared ${declared}, actual ${actual}`;
    }),
  ]);
  const counted = (attention: boolean) =>
    customerLines(customers.filter((count) => needsAttention(count) === attention));
  const found = several
    ? summary(stacks)
    : `${stacks[0]?.stack ?? "no stack"}: ${driftWords[report.status]}`;
  return {
    kind: "drift",
    stacks: stacks.map(({ stack }) => text(stack)),
    status: status === "none" ? "ok" : status === "drift" ? "action" : "unknown",
    title: text(`Drift: ${joined([found, customerSummary(customers)], ", ")}`),
    // One line a server, before what may be hundreds.
    lines: [...counted(true), ...customerRemedy(customers), ...lines, ...counted(false)].map(text),
  };
}

const driftWords = { none: "none", drift: "drift was found", unknown: "it could not be told" };

function ofPreview({ stack, status, summary: changes }: PreviewReport): Message {
  const kinds = new Set(changes?.violations.map(({ kind }) => kind));
  const limits = kinds.has("exceeded") ? "exceeded" : kinds.has("unknown") ? "unknown" : "kept";
  const what =
    status === "failed"
      ? "the preview failed"
      : changes === undefined
        ? "see its log"
        : operations(changes).join(", ") || "no changes";
  return {
    kind: "preview",
    stacks: [text(stack)],
    status: status === "failed" ? "unknown" : limitStatus[limits],
    title: text(`Preview of ${stack}: ${limitWords[limits]}${what}`),
    lines: changes === undefined ? [] : linesOf(changes).map(text),
  };
}

const limitStatus = { exceeded: "action", unknown: "unknown", kept: "ok" } as const;

const limitWords = {
  exceeded: "beyond the limits: ",
  unknown: "not known to keep to the limits: ",
  kept: "",
};

function linesOf(changes: ChangeReport): string[] {
  return [
    ...changes.errors.map((error) => `error: ${error}`),
    ...violationLines(changes).map((each) => `${each.text}. What to do: ${each.remedy}`),
    ...[costLine(changes) ?? []].flat(),
    ...rows(changes).map((cells) => joined(cells, " · ")),
    ...changes.warnings.map((warning) => `warning: ${warning}`),
  ];
}

function joined(parts: readonly (string | false | undefined)[], by: string): string {
  return parts.filter(Boolean).join(by);
}

/** Longer lines say no more in a chat. */
const longestLine = 400;

/** One line without secrets and control characters. */
function text(line: string): string {
  const inOneLine = redact(line)
    .replace(/\s*\n\s*(?=\d+\. |- )/g, " ") // steps of what to do
    .replace(/\s*\n\s*/g, "; ");
  const clean = visible(inOneLine);
  return clean.length > longestLine ? `${clean.slice(0, longestLine)}…` : clean;
}
