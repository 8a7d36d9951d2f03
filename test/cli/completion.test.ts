import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { eventually } from "../eventually.ts";
import { commandOnTerminal } from "./on-terminal.ts";
import { ucaas } from "./ucaas.ts";

/** A project with two stacks and a file. */
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-completion-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
  for (const stack of ["north", "south"]) writeFileSync(join(folder, `Pulumi.${stack}.yaml`), "");
  writeFileSync(join(folder, "report-of-today.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** How a user of each shell installs the script (docs/cli.md), with a prompt to wait for. */
const shells = {
  bash: {
    files: {
      "home/.bashrc": `
        PS1='ready> '
        # Of the package bash-completion, which may not be here.
        _get_comp_words_by_ref() {
          cur=\${COMP_WORDS[COMP_CWORD]}; prev=\${COMP_WORDS[COMP_CWORD - 1]}
          words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD
        }
        source <(ucaas completion bash)`,
    },
    command: ["bash", "--noprofile", "--rcfile", "home/.bashrc", "-i"],
    list: "\t\t",
  },
  zsh: {
    files: {
      "home/.zshrc": `
        PROMPT='ready> '
        fpath=($ZDOTDIR $fpath)
        ucaas completion zsh > "\${fpath[1]}/_ucaas"
        autoload -Uz compinit && compinit -u -D`,
    },
    command: ["zsh", "-d", "-i"],
    list: "\t",
  },
  fish: {
    files: {
      "home/fish/config.fish": `
        function fish_greeting; end
        function fish_prompt; echo -n 'ready> '; end
        mkdir -p $XDG_CONFIG_HOME/fish/completions
        ucaas completion fish > $XDG_CONFIG_HOME/fish/completions/ucaas.fish`,
    },
    command: ["fish", "-i"],
    list: "\t",
  },
} as const;
type Shell = keyof typeof shells;

/** A shell in the folder, in which `ucaas` completes, and else keeps its arguments in a file. */
async function shell(name: Shell) {
  const { files, command } = shells[name];
  const entry = join(root, "cli", "start.mjs");
  const all = {
    ...files,
    "bin/ucaas": `#!/bin/sh
case "$1" in
  complete | completion) exec "${process.execPath}" "${entry}" "$@" ;;
  *) printf '%s\\n' "$@" > "${join(folder, "home", "args")}" ;;
esac
`,
  };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, file), text, { mode: 0o755 });
  }
  const home = join(folder, "home");
  const session = commandOnTerminal(command, {
    cwd: folder,
    env: {
      ...process.env,
      ...{ HOME: home, ZDOTDIR: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
      ...{ TERM: "xterm", PATH: [join(folder, "bin"), process.env.PATH].join(delimiter) },
    },
  });
  onTestFinished(() => session.close());
  await eventually(() => expect(session.shown()).toContain("ready> "));
  return {
    /** The arguments that `ucaas` got, once the keys were typed and Enter was pressed. */
    async run(keys: string): Promise<string[]> {
      const args = join(home, "args");
      rmSync(args, { force: true });
      session.type(`${keys}\r`);
      return await eventually(() => {
        const text = readFileSync(args, "utf8");
        expect(text).toMatch(/\n$/);
        return text.trimEnd().split("\n");
      });
    },
    /** Types the keys, and waits until all the texts are shown. */
    async list(keys: string, texts: readonly string[]): Promise<void> {
      const before = session.shown().length;
      session.type(keys + shells[name].list);
      await eventually(() => {
        const shown = session.shown().slice(before);
        for (const text of texts) expect(shown).toContain(text);
      });
    },
  };
}

// Of zsh and fish, what is not there is not tried; .github/workflows/ci.yml installs both.
const installed = (Object.keys(shells) as Shell[]).filter(
  (name) => spawnSync(name, ["--version"]).error === undefined,
);

describe.each(installed)("the Tab key in %s", (name) => {
  test("completes commands, options, choices, stacks and files", async () => {
    const { run, list } = await shell(name);
    expect(await run("ucaas dri\t--al\t--exc\tno\t")).toEqual([
      ...["drift", "--all", "--except", "north"],
    ]);
    expect(await run("ucaas drift --stack north so\t")).toEqual([
      ...["drift", "--stack", "north", "south"],
    ]);
    expect(await run("ucaas ci check-p\t--prev\trep\t")).toEqual([
      ...["ci", "check-plan", "--preview", "report-of-today.json"],
    ]);
    expect(await run("ucaas notify report-\t--format t\t")).toEqual([
      ...["notify", "report-of-today.json", "--format", "teams"],
    ]);
    await list("ucaas drift --stack ", ["north", "south"]);
  });
});

test.each(Object.keys(shells))("a script for %s is printed, and asks the command", async (name) => {
  const { exitCode, stdout } = await ucaas(["completion", name], { cwd: root });
  expect(exitCode).toBe(0);
  expect(stdout).toContain("ucaas complete --");
});

test.each([
  [["doctor", "--out", ""]],
  [["doctor", "--out=rep"]],
  [["notify", "one.json", ""]],
  [["init", ""]],
  [["xima", "keys", "fingerprint", "x"]],
])("where %j wants a file, the shell completes it", async (words) => {
  const { stdout } = await ucaas(["complete", "--", ...words], { cwd: root });
  expect(stdout).toBe(":0\n");
});

test.each([
  [["fleet", "up", "--stacks", ""]],
  [["drift", "--except", "north", ""]],
  [["ci", "stacks", "--only="]],
])("where %j wants a stack, those of the project are offered", async (words) => {
  const { stdout } = await ucaas(["complete", "--", ...words], { cwd: folder });
  expect(stdout.replaceAll(/\t.*/g, "")).toBe("north\nsouth\n:4\n");
});
