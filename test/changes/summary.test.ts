import MarkdownIt from "markdown-it";
import stringWidth from "string-width";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { asMarkdown } from "../../cli/changes/render-markdown.ts";
import { asPlainText, asText } from "../../cli/changes/render-text.ts";
import { changeReportSchema } from "../../cli/changes/report.ts";
import { previewComment } from "../../cli/gitops/preview-report.ts";
import type { Preview } from "../../cli/pulumi/preview.ts";
import { licenceStep, priceList, recorded, reportOf } from "./recorded.ts";

const prices = priceList({
  "xima.professionalSeats": "45.10",
  "xima.eliteSeats": 80,
  "xima.aiMessaging.standardBundles": "20",
  "enablex.users": "0.1",
});

const none = { diagnostics: [] };
const twoHundred: Preview = {
  ...none,
  steps: Array.from({ length: 200 }, (_, index) =>
    licenceStep(
      `c${index}`,
      { professionalSeats: 10 },
      { professionalSeats: index === 7 ? 12 : 10 },
    ),
  ).flat(),
};

/** `change, before → after, difference` of a customer, as a reviewer reads it. */
function seats(customer: string): unknown[] {
  return reportOf(recorded("changes"))
    .changes.filter((change) => change.customer === customer)
    .flatMap(({ quantities }) =>
      quantities.map(({ sku, before, after, difference }) => [sku, before, after, difference]),
    );
}

describe("a summary of what the real engine planned", () => {
  test("each kind of seat of each customer has its count before, after, and the difference", () => {
    expect(seats("acme")).toEqual([
      ["xima.professionalSeats", 12, 15, 3],
      ["xima.aiMessaging.standardBundles", 2, 0, -2],
      ["xima.aiMessaging.advancedBundles", null, 1, null],
      ["enablex.users.moderator", 0, 1, 1],
      // The API has no delete for a user.
      ["enablex.users.moderator", 1, 1, 0],
    ]);
    expect(seats("bakery")).toEqual([["xima.essentialSeats", 5, 0, -5]]);
    expect(seats("dentist")).toEqual([["xima.digitalOnlySeats", 0, 5, 5]]);
  });

  test("created, removed, replaced and changed resources are distinguished", () => {
    const report = reportOf(recorded("changes"));
    expect(report.counts).toMatchObject({ create: 2, update: 2, replace: 1, delete: 2, same: 2 });
    const changes = report.changes.map(
      ({ action, resource, name }) => `${action} ${resource} ${name}`,
    );
    expect(changes).toContain("replace XimaLicense clinic");
    expect(changes).toContain("delete EnableXUser acme-bob");
    expect(changes.join()).not.toContain("Customer::");
    const mail = report.changes.flatMap(({ properties }) => properties);
    expect(mail).toContainEqual({
      property: "contactEmail",
      before: "it@acme.example",
      after: "office@acme.example",
    });
  });

  test("a secret is in no form of it, and neither is what the engine keeps for itself", () => {
    for (const name of ["changes", "create"] as const) {
      const report = reportOf(recorded(name), { prices });
      const forms = [JSON.stringify(report), asText(report, 80), asMarkdown(report, 60_000)];
      for (const form of forms) expect(form).not.toMatch(/p4ss|__|handler/);
    }
  });

  test("the difference a month and the sums are exact, and what has no price is named", () => {
    const report = reportOf(recorded("changes"), { prices });
    expect(report.cost).toMatchObject({
      currency: "EUR",
      period: "month",
      before: "2406.90",
      after: "1476.80",
      difference: "-930.10",
    });
    expect(report.cost?.unpriced).toContain("xima.aiMessaging.advancedBundles");
    const added = report.changes.flatMap(({ quantities }) => quantities).map(({ cost }) => cost);
    expect(added).toContain("135.30");
    expect(asText(report, 80)).toContain("+€135.30");
  });

  test("without prices, only the counts are shown", () => {
    const text = asText(reportOf(recorded("changes")), 80);
    expect(text).not.toMatch(/a month|€/);
    expect(text).toContain("12 → 15");
  });

  test("a preview that failed says why, and neither sums nor that nothing changes", () => {
    const text = asText(reportOf(recorded("broken")), 80);
    expect(text).toContain("error: 2 errors in the stack files");
    expect(text).not.toContain("Nothing changes");
  });

  test("a terminal shows removals in red and additions in green, and a kept report does not", () => {
    vi.stubEnv("NO_COLOR", undefined);
    vi.stubEnv("FORCE_COLOR", "1");
    onTestFinished(() => void vi.unstubAllEnvs());
    const report = reportOf(recorded("changes"), { prices });
    expect(asText(report, 80)).toContain("\u001b[32m+3\u001b[39m");
    expect(asText(report, 80)).toContain("\u001b[31m-");
    expect(asPlainText(report, 80)).not.toContain("\u001b");
  });

  test("its table fits 80 columns, and it is the same after a way through JSON", () => {
    const report = reportOf(recorded("changes"), { prices });
    expect(changeReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    const table = asText(report, 80)
      .split("\n")
      .filter((line) => /^[│┌├└]/.test(line));
    for (const line of table) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
  });
});

describe("the comment on a pull request", () => {
  const comment = (preview: Preview, length = 60_000) =>
    previewComment(
      new Map([
        [
          "prod",
          {
            version: 1,
            stack: "prod",
            status: "ok",
            text: "",
            summary: reportOf(preview, { prices, limits: { maxAddedSeats: 1 } }),
          },
        ],
      ]),
      { run: "https://ci.example/1", commit: "0123456789abcdef", length },
    );

  test("of one changed customer among 200 it has at most 40 lines, with the whole change", () => {
    const text = comment(twoHundred);
    expect(text.split("\n").length).toBeLessThanOrEqual(40);
    expect(text).toContain("| `c7` | `xima.professionalSeats` | `10 → 12` | `+2` | `+€90.20` |");
    expect(text).toContain("€90,200.00 a month now, and €90,290.20 after the change (+€90.20)");
    expect(text).toContain("2 seats are added, and 1 may be (c7)");
    expect(text).not.toContain("c8");
  });

  test("with many changes it stays within the platform's length, and names what it omits", () => {
    const many: Preview = {
      ...none,
      steps: Array.from({ length: 200 }, (_, index) =>
        licenceStep(`c${index}`, { professionalSeats: 10 }, { professionalSeats: 11 }),
      ).flat(),
    };
    const text = comment(many, 3000);
    expect(text.length).toBeLessThanOrEqual(3000);
    expect(text).toMatch(/… and \d+ more rows/);
    expect(text).toContain("c0");
  });

  test("names and texts of others are neither links, mentions, tags nor further rows", () => {
    const hostile =
      "x|y `code` @all [a](https://evil.example) <img src=x>\u202e\n## head\u001b[31m";
    const steps = licenceStep(hostile, { professionalSeats: 10 }, { professionalSeats: 12 });
    const other = licenceStep("acme", { eliteSeats: 5 }, { eliteSeats: 5, account: hostile });
    const preview: Preview = {
      steps: [...steps, ...other],
      diagnostics: [{ severity: "warning", message: `warning: ${hostile}\n\`\`\`\n# out` }],
    };
    const html = new MarkdownIt({ html: true, linkify: true }).render(comment(preview));
    const text = html.replace(/<code[^>]*>[\s\S]*?<\/code>/g, "");
    expect(text).not.toMatch(/<img|<h1|<h2|evil|@all/);
    expect(html.match(/<h\d/g)).toHaveLength(1);
    const terminal = asText(reportOf(preview), 80);
    for (const character of ["\u001b", "\u202e"]) expect(terminal).not.toContain(character);
    expect(terminal).toContain("warning: x|y");
  });
});

test("a count that is not known before the update is shown as unknown, not as 0", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const [step] = licenceStep("acme", { eliteSeats: 5 }, { eliteSeats: unknown, account: unknown });
  const report = reportOf({ ...none, steps: [step!] }, { prices });
  expect(report.changes[0]?.quantities).toMatchObject([{ before: 5, after: null }]);
  expect(report.cost?.incomplete).toBe(true);
  expect(asText(report, 200)).toContain("5 → unknown");
  expect(asText(report, 200)).toContain("— → (known after the update)");
  expect(asText(report, 200)).not.toContain(unknown);
});

test("a change is never reported as none, whatever of it cannot be shown", () => {
  const cases: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ eliteSeats: 5 }, { eliteSeats: 5, dialerSeats: 0 }],
    [{ eliteSeats: 5 }, { eliteSeats: "5" }],
    [{ eliteSeats: 5 }, { eliteSeats: 5, dialerSeats: null }],
  ];
  for (const [before, after] of cases) {
    const report = reportOf({ ...none, steps: licenceStep("acme", before, after) }, { prices });
    for (const text of [asText(report, 200), asMarkdown(report, 60_000)]) {
      expect(text).not.toContain("Nothing changes");
      expect(text).toMatch(/acme/);
    }
  }
});

test("a count that was not declared before is shown as such, with the most that it adds", () => {
  const steps = licenceStep("acme", { eliteSeats: 5 }, { eliteSeats: 5, professionalSeats: 10 });
  const report = reportOf({ ...none, steps }, { prices });
  expect(report.changes[0]?.quantities).toMatchObject([
    { before: null, after: 10, difference: null, undeclaredBefore: true, cost: "451.00" },
  ]);
  const text = asText(report, 200);
  expect(text).toMatch(/not declared → 10 *│ up to \+10 *│ up to \+€451\.00/);
  expect(text).toContain("What was not declared before counts as nothing in the sum now.");
});

test("the comment fits its platform with any number of stacks, and names where the rest is", () => {
  for (const count of [1, 50, 256, 1000]) {
    const stacks = Array.from({ length: count }, (_, index) => `${"reseller-".repeat(10)}${index}`);
    const previews = stacks.map(
      (stack) => [stack, { version: 1, stack, status: "ok", text: "line\n".repeat(500) }] as const,
    );
    const options = { run: "https://ci.example/1", commit: "028ea8e", length: 65_536 };
    const text = previewComment(new Map(previews), options);
    expect(text.length, String(count)).toBeLessThanOrEqual(65_536);
    expect(text).toMatch(/^<!-- ucaas: preview -->\n[\s\S]*https:\/\/ci\.example\/1\)$/);
  }
});
