import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";

const pages = globSync(["*.md", "{docs,cli,examples,receiver,sandbox,stacks}/**/*.{md,yaml,yml}"], {
  cwd: root,
  exclude: ["**/node_modules/**"],
});

/** The commands that would leave a secret in the shell's history, and show it to `ps`. */
function secretArguments(text: string): string[] {
  const commands = [...text.matchAll(/pulumi config set [^`\n]*/g)].map(([command]) => command);
  return commands.filter((command) => {
    const [given = ""] = command.split(/ [<#(]/);
    const [, , , ...words] = given.split(/\s+/);
    return words.includes("--secret") && words.filter((word) => !/^-|^$/.test(word)).length > 1;
  });
}

test("no page gives a secret as an argument", () => {
  const found = pages.flatMap((page) =>
    secretArguments(readFileSync(join(root, page), "utf8")).map((command) => `${page}: ${command}`),
  );
  expect(found).toEqual([]);
});
