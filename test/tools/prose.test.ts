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
  [
    "a hint with two actions",
    "cli/a.ts",
    'const x = { hint: "correct the file, then run the command again" };\n',
    "cli/a.ts:1 steps() numbers 2 actions",
  ],
  [
    "a hint behind an error's code",
    "cli/a.ts",
    'throw fail("NO_FILE", "there is no file", "name one. Run the command again");\n',
    "cli/a.ts:1 steps() numbers 2 actions",
  ],
  [
    "a hint in a table of them",
    "cli/a.ts",
    'const remedies = { 404: "wait; if it stays: pulumi cancel" };\n',
    "cli/a.ts:1 steps() numbers 2 actions",
  ],
  [
    "a hint that is numbered by hand",
    "cli/a.ts",
    'const hint = ["1. Wait.", steps("Run it.")].join();\n',
    "cli/a.ts:1 steps() numbers what to do",
  ],
  [
    "a hint with many alternatives",
    "cli/a.ts",
    'const x = { remedy: "set a, or set b, or set c" };\n',
    "cli/a.ts:1 oneOf() lists three alternatives",
  ],
  [
    "a test's name",
    "test/a.test.ts",
    `describe.each([1])("short", () => test(\`${"n".repeat(89)}$\{x}!\`, () => {}));\n`,
    "test/a.test.ts:1 a test's name of 91 characters",
  ],
  [
    "the name of a table of tests",
    "test/a.test.ts",
    `test.each([["${"n".repeat(99)}"]])("${"n".repeat(91)}", () => {});\n`,
    "test/a.test.ts:1 a test's name of 91 characters",
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

test.each([
  "run the command again: it looks first, so nothing is created twice",
  "nothing was sent; set the URL of the proxy, or unset it",
  "check the path, its permissions and the disk",
])("a hint of one action needs no number: %s", (hint) => {
  const text = `const x = { hint: ${JSON.stringify(hint)}, remedy: steps("Wait.", "Run it.") };\n`;
  expect(proseFindings("cli/a.ts", text)).toEqual([]);
});
