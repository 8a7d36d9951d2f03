import { expect, test } from "vitest";
import { proseFindings } from "../../tools/prose.mjs";

const long = Array.from({ length: 31 }, (_, index) => `word${index}`).join(" ");

test.each([
  ["a comment", "cli/a.ts", `// Once.\n/** Twice. ${long}. */\n`, "cli/a.ts:2 a sentence of 31"],
  ["a page", "docs/a.md", `# Title\n\n${long}\n`, "docs/a.md:3 a sentence of 31 words"],
  ["a message", "cli/a.ts", 'print("the customer is told");\n', 'cli/a.ts:1 "is told"'],
  ["a table's cell", "a.md", "a\n\n| b |\n|---|\n| done anew |\n", 'a.md:5 "anew"'],
  [
    "an error's reason",
    "provider/a.ts",
    `\nthrow new UcaasError(\`1 2 3 $\{x} 4 5 6 7 8 9 10 11 12 13\`, {});`,
    "provider/a.ts:2 an error's reason of 13 words",
  ],
  [
    "a reason that a function takes",
    "stacks/a.ts",
    'const fail = (reason: string) => reason;\nfail("1 2 3 4 5 6 7 8 9 10 11 12 13");',
    "stacks/a.ts:2 an error's reason of 13 words",
  ],
])("what people do not read well is found in %s", (_, file, text, finding) => {
  expect(proseFindings(file, text)).toEqual([expect.stringContaining(finding)]);
});

test.each([
  ["code", "cli/a.ts", `// \`\`\`\n// ${long}\n// \`\`\`\n/** \`${long}\` */\n`],
  ["a table in a comment", "cli/a.ts", `/**\n * | a |\n * |---|\n * | ${long} |\n */\n`],
  ["a list of names", "a.md", `The codes ${"`A`, ".repeat(40)}and \`B\` are errors.\n`],
  [
    "what to do",
    "cli/a.ts",
    'const x = { reason: "1 2 3 4 5 6 7 8 9 10 11 12. What to do: 13 14 15" };\n',
  ],
])("%s is not counted as words of a sentence", (_, file, text) => {
  expect(proseFindings(file, text)).toEqual([]);
});
