import { expect, test } from "vitest";
import { refusingProgram } from "./option-refusal.ts";

/** What the parser of options says, before a command does anything. */
async function refusal(args: readonly string[]): Promise<string> {
  const { program, printed } = refusingProgram();
  await expect(program.parseAsync(args, { from: "user" })).rejects.toThrow(/^error: /);
  return printed();
}

const comment = ["ci", "comment", "--stacks", "[]", "--pull-request"];
const manifests = ["kubernetes", "manifests", "/proc/none", "--image", "r.example/voice:1"];

test.each([
  ...["abc", "0", "-1", "1.5", "1e3", "", " 7", "0x10"].flatMap((text) => [
    [...comment, text],
    ["drift", "--parallel", text],
    ["fleet", "up", "--parallel", text],
    ["fleet", "up", "--shards", text],
    ["doctor", "--timeout", text],
    [...manifests, "--shards", text],
  ]),
  [...manifests, "--shards", "1001"],
])(
  "an option that counts takes whole numbers from 1 on alone: %s %s %s %s %s %s",
  async (...args) => {
    expect(await refusal(args)).toContain("It must be a whole number from 1 to ");
  },
);

test.each(["Foo Bar_", "", "-a", "a-", "a.b", "a".repeat(64), "a\nb"])(
  "a namespace that Kubernetes does not take is refused: %j",
  async (name) => {
    expect(await refusal([...manifests, "--namespace", name])).toContain("--namespace");
  },
);

test.each(["--repository", "--branch"])("%s without --operator is refused", async (option) => {
  expect(await refusal([...manifests, option, "main"])).toContain(
    `error: ${option} needs --operator.`,
  );
});
