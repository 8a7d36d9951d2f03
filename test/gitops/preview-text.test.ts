import { describe, expect, test } from "vitest";
import { addedBy, PreviewText } from "../../cli/gitops/preview-text.ts";

function shortened(text: string): string {
  const reader = new PreviewText();
  return [...text.split("\n").flatMap((line) => reader.take(line)), ...reader.end()].join("\n");
}

const customers = (count: number, changed: number) =>
  Array.from({ length: count }, (_, index) =>
    index === changed
      ? `      ~ c${index} : "12 seats" => "14 seats"`
      : `        c${index} : "C${index} · 12 seats"`,
  ).join("\n");

describe("a preview in a pipeline", () => {
  test("one changed customer of 200 leaves one line of outputs, and how many there are besides", () => {
    const before = "Previewing update (prod):\n      ~ professionalSeats: 12 => 14";
    const text = `${before}\n    --outputs:--\n  ~ customers: {\n${customers(203, 7)}\n    }\nResources:\n    ~ 1 to update\n    80 unchanged`;
    expect(shortened(text)).toBe(
      `${before}\n    --outputs:--\n  ~ customers: {\n      ~ c7 : "12 seats" => "14 seats"\n        (202 unchanged)\n    }\nResources:\n    ~ 1 to update\n    80 unchanged`,
    );
  });

  test("an output within an output stays with what changes in it, and what is new or gone stays whole", () => {
    const text = `    --outputs:--
  ~ a: {
        b: {
            c: 1
        }
      ~ d: {
          ~ e: 1 => 2
            f: [
                [0]: 1
            ]
        }
    }
  + g: "new"
  - h: "gone"`;
    expect(shortened(text)).toBe(`    --outputs:--
  ~ a: {
      ~ d: {
          ~ e: 1 => 2
        (2 unchanged)
        }
    }
  + g: "new"
  - h: "gone"`);
  });

  test("where the plan is, and what the CLI prints a second time on stderr, is left out", () => {
    const stderr =
      "error: no\n  at a:1\nUpdate plan written to 'x'\nRun `pulumi up --plan='x'` to constrain\nwarning: other\n";
    expect(addedBy(stderr, ["error: no", "  at a:1"])).toEqual(["warning: other"]);
    expect(shortened("a\nUpdate plan written to 'x'\nb")).toBe("a\nb");
  });
});
