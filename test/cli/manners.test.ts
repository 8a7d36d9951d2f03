import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createProgram } from "../../cli/program.ts";
import { pulumiError } from "../../cli/pulumi/stack.ts";
import { root } from "../../tools/engine/paths.mjs";
import { refusingProgram } from "./option-refusal.ts";
import { ucaas } from "./ucaas.ts";

type Command = ReturnType<typeof createProgram>;

/** Every command that can be run, by its path, with what its help prints. */
function commands(): { path: string; help: string; options: string[] }[] {
  const found: { path: string; help: string; options: string[] }[] = [];
  const visit = (command: Command, path: string[]) => {
    const inner = command.createHelp().visibleCommands(command);
    const visible = inner.filter((each) => each.name() !== "help");
    if (visible.length === 0) {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      found.push({
        path: path.join(" "),
        help,
        options: command.options.map(({ long }) => long ?? ""),
      });
    }
    for (const each of visible) visit(each, [...path, each.name()]);
  };
  visit(createProgram({ description: "", version: "0" }), []);
  return found;
}

const page = readFileSync(join(root, "docs", "cli.md"), "utf8");
const section = (title: string) => page.split(`## ${title}\n`)[1]!.split("\n## ")[0]!;

/** By command, the statuses that the table gives a meaning. */
function statusTable(): Map<string, number[]> {
  const rows = section("Exit status").matchAll(/^\| (?:`([^`]+)`|all) \|(.*)\|$/gm);
  return new Map(
    [...rows].map(([, name = "all", cells = ""]) => [
      name,
      cells.split("|").flatMap((cell, status) => (cell.trim() === "" ? [] : [status])),
    ]),
  );
}

test("the help of every command has an example that begins as it is typed", () => {
  const without = commands()
    .filter(
      ({ help, path }) => !new RegExp(`Examples?:[\\s\\S]*ucaas ${path.split(" ")[0]}`).test(help),
    )
    .map(({ path }) => path);
  expect(without).toEqual([]);
});

test("the help of every command, and of every group, fits 80 columns", () => {
  const wide: string[] = [];
  const visit = (command: Command) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 80 });
    command.outputHelp();
    wide.push(...help.split("\n").filter((line) => line.length > 80));
    command.commands.forEach(visit);
  };
  visit(createProgram({ description: "", version: "0" }));
  expect(wide).toEqual([]);
});

test("docs/cli.md names every command, those of ci on the pages to which it leads", () => {
  const table = page.split("## ")[0]!;
  const named = new Set([...table.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
  expect(named.has("ci …")).toBe(true);
  const pages = ["gitops.md", "cost.md"].map((file) =>
    readFileSync(join(root, "docs", file), "utf8"),
  );
  const isOnPage = (path: string) => pages.some((text) => text.includes(`\`ucaas ${path}`));
  const unnamed = commands().filter(({ path }) =>
    path.startsWith("ci ") ? !isOnPage(path) : !isNamed(named, path),
  );
  expect(unnamed.map(({ path }) => path)).toEqual([]);
});

/** By itself, or with all of its group. */
function isNamed(named: ReadonlySet<string>, path: string): boolean {
  return [...named].some((name) =>
    name.endsWith(" …") ? path.startsWith(name.slice(0, -1)) : path === name,
  );
}

test("the exit statuses in help are those of the one table in docs/cli.md", () => {
  const table = statusTable();
  expect(table.get("all")).toEqual([0, 1]);
  for (const { path, help } of commands()) {
    const [, text] = /Exit status:?([\s\S]*?)\n\n/.exec(help) ?? [];
    const row = table.get(path) ?? (path.startsWith("fleet ") ? table.get("fleet") : undefined);
    // What is true of all commands needs no line.
    if (text === undefined && row === undefined) continue;
    const stated = [...(text ?? "").matchAll(/(?<![\w.])([0-2])(?=[\s:,])/g)].map(([, each]) =>
      Number(each),
    );
    expect([...new Set(stated)].sort(), path).toEqual(row);
  }
  const paths = commands().map(({ path }) => path);
  const known = (name: string) =>
    name === "all" || paths.some((path) => path === name || path.startsWith(`${name} `));
  expect([...table.keys()].filter((name) => !known(name))).toEqual([]);
});

/** The commands without --json, and why. */
const withoutJson: Record<string, string> = {
  completion: "prints a script",
  sandbox: "is a server that runs until Ctrl-C",
  "receiver start": "is a server that runs until Ctrl-C, and its log is JSON",
};

test.each(commands().map(({ path, options }) => [path, options] as const))(
  "%s has --json, or docs/cli.md says why not",
  (path, options) => {
    const row = page.split("\n").find((line) => line.startsWith("* `--json` prints"));
    const reason = withoutJson[path];
    if (reason === undefined) expect(options).toContain("--json");
    else {
      expect(options).not.toContain("--json");
      expect(row).toContain(`\`${path}\` ${reason}`);
    }
  },
);

test("each command that docs/cli.md excepts from --json is still there", () => {
  const paths = commands().map(({ path }) => path);
  expect(Object.keys(withoutJson).filter((path) => !paths.includes(path))).toEqual([]);
});

test.each([
  [["drift", "--no-such-option"], "unknown option"],
  [["no-such-command"], "unknown command"],
  [["notify"], "missing required argument"],
])("ucaas %j ends with 1, says why and what to do, without a stack trace", async (args, why) => {
  const { exitCode, stderr } = await ucaas(args, { cwd: root });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(why);
  expect(stderr).toMatch(/What to do: see ucaas( \w+)? --help/);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test.each(commands().map(({ path }) => [path]))("a wrong option of %s names its help", (path) => {
  const { program, printed } = refusingProgram();
  const run = () => program.parse([...path.split(" "), "--no-such-option"], { from: "user" });
  expect(run).toThrow(/^error: (unknown|required) option/);
  expect(printed()).toContain(`\nWhat to do: see ucaas ${path} --help\n`);
});

test.each([
  [["drift"]],
  [["drift", "--stack", "prod"]],
  [["cost"]],
  [["preview"]],
  [["fleet", "status"]],
  [["adopt", "enablex"]],
])("ucaas %j outside a project ends with 1, and says where to run it", async (args) => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-nowhere-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(await ucaas(args, { cwd: folder })).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: `there is no Pulumi.yaml in ${folder}, nor above it [NO_PROJECT]
  What to do: run the command in the folder of the Pulumi project
`,
  });
});

test("what the Pulumi CLI says of a missing project has the same code and remedy", () => {
  const stderr = [
    "error: no Pulumi.yaml project file found (searching upwards from /tmp).",
    "If you have not created a project yet, use `pulumi new` to do so: no project file found",
  ].join(" ");
  expect(pulumiError("read the stack's config", { exitCode: 255, stderr })).toMatchObject({
    code: "NO_PROJECT",
    hint: "run the command in the folder of the Pulumi project",
  });
});

test("a state that a kill made unreadable has the steps that make it readable", () => {
  const stderr = "error: failed to load checkpoint: EOF";
  expect(pulumiError("read the stack's state", { exitCode: 1, stderr })).toMatchObject({
    code: "STATE_UNREADABLE",
    hint: expect.stringMatching(/\.json\.attrs[\s\S]*pulumi cancel[\s\S]*metadata=skip/),
  });
});

test("--version prints the version alone, and NO_COLOR leaves no escape sequence", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "cli", "package.json"), "utf8"));
  expect(await ucaas(["--version"], { cwd: root })).toMatchObject({
    exitCode: 0,
    stdout: `${version}\n`,
  });
  const folder = mkdtempSync(join(tmpdir(), "ucaas-colours-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, NO_COLOR: "1", UCAAS_JOURNAL_DIR: join(folder, "journal") };
  const { stdout } = await ucaas(["doctor"], { cwd: folder, env });
  expect(stdout).toContain("ACTION");
  expect(stdout).not.toContain("\u001b");
});
