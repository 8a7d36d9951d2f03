import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { renderTable } from "../../cli/table.ts";

const head = ["stack", "customer", "resource", "property", "declared", "actual"];
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    "NetsapiensOAuthClient",
    '"office@bakery-of-the-north.example"',
    "株式会社ボイスハウス大阪支店",
    "",
    "a\nb",
  ),
);

test("no line is wider than the terminal for any cells, and no text is lost", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text, text, text, text, text), { minLength: 1, maxLength: 4 }),
      (rows) => {
        for (const width of [80, 100, 120]) {
          const lines = renderTable(head, rows, width).split("\n");
          for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(width);
        }
      },
    ),
    { numRuns: 300 },
  );
  const wide = renderTable(
    head,
    [["prod", "acme", "NetsapiensOAuthClient", "p", "x".repeat(70), "y"]],
    80,
  );
  expect(wide.replace(/[^x]/g, "")).toBe("x".repeat(70));
  expect(wide.replace(/[^A-Za-z]/g, "")).toContain("NetsapiensOA");
});

test("an id stays in one line, so that it can be copied, and the others are wrapped", () => {
  const id = "del_1795881193_5775";
  const others = ["voicehouse/clinic-of-the-north", "until 2026-12-05 15:53 UTC (6 days left)"];
  const row = [others[0]!, { text: id, whole: true } as const, others[1]!, "clinic in prod"];
  const lines = renderTable(["customer", "deletionId", "restorable", "in"], [row], 80).split("\n");
  expect(lines.join("\n")).toContain(id);
  expect(lines[0]).toMatch(/^┌/);
  for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
  // One that leaves no room for the rest makes each row a list.
  const long = { text: "x".repeat(70), whole: true } as const;
  expect(renderTable(["a", "id", "b"], [["a", long, "b"]], 80)).not.toContain("│");
});

test("where columns would be too narrow, each row is a list", () => {
  const rows = [
    [
      "prod",
      "a-customer-with-a-long-slug",
      "NetsapiensOAuthClient",
      "verification[5].status",
      "passed",
      "failed",
    ],
  ];
  const list = renderTable(head, rows, 40);
  expect(list).not.toContain("│");
  expect(list).toMatch(/^customer {2}a-customer-with-a-long-slug$/m);
});

test("without a limit a row is one line, and control characters are shown", () => {
  const lines = renderTable(
    ["a", "b"],
    [["\u001b[31mred", "x".repeat(300)]],
    Number.POSITIVE_INFINITY,
  ).split("\n");
  expect(lines[3]).toContain(String.raw`\u001b[31mred`);
  expect(lines[3]).toContain("x".repeat(300));
});
