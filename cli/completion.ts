import tab, { type Complete, type OptionHandler, type Command as Target } from "@bomb.sh/tab";
import { type Argument, type Command, Help, Option } from "commander";
import { print } from "./output.ts";
import { findProject } from "./pulumi/project.ts";

/** Prints the script of a shell. It asks `ucaas complete -- <words>` at each Tab. */
export function printScript(shell: string): void {
  tab.setup("ucaas", "ucaas", shell);
  // The library's script for bash lacks "-o default", so bash would complete no files.
  if (shell === "bash") print("complete -o default -F __ucaas_complete ucaas");
}

/** Prints what may follow the words: commands, options, values. */
export function printCandidates(program: Command, words: readonly string[]): void {
  const { wanted, typed } = readWords(program, words);
  // The library completes no files. On ":0" the shell does it itself.
  if (wanted !== undefined && isPath(wanted)) {
    print(":0");
    return;
  }
  describe(program, tab, "");
  tab.parse(typed);
}

/**
 * The option or argument that the last word is a value of; and the words without earlier
 * values of that option, of which the library knows one alone.
 */
function readWords(
  program: Command,
  words: readonly string[],
): { wanted: Option | Argument | undefined; typed: string[] } {
  let command = program;
  let option: Option | undefined;
  let optionAt = 0;
  let positional = 0;
  for (const [index, word] of words.slice(0, -1).entries()) {
    const inner = command.commands.find((each) => each.name() === word);
    if (word.startsWith("-")) {
      option = findOption(command, word);
      optionAt = index;
    } else if (option) option = option.variadic ? option : undefined;
    else if (inner) [command, positional] = [inner, 0];
    else positional += 1;
  }
  const last = words.at(-1) ?? "";
  const [name = "", value] = last.split(/=(.*)/s);
  if (name.startsWith("-") && value !== undefined)
    return { wanted: findOption(command, name), typed: [...words] };
  if (last.startsWith("-")) return { wanted: undefined, typed: [...words] };
  if (option) return { wanted: option, typed: [...words.slice(0, optionAt + 1), last] };
  const { registeredArguments: all } = command;
  const rest = all.at(-1)?.variadic ? all.at(-1) : undefined;
  return { wanted: all[positional] ?? rest, typed: [...words] };
}

/** Undefined for one without a value. */
function findOption(command: Command, name: string): Option | undefined {
  return command.options.find(
    ({ long, short, required }) => required && (long === name || short === name),
  );
}

/** What an option or argument calls its value, where that is a file or a folder. */
const pathName = /[<[](file|folder|path|report|certificate|licences)(\.{3})?[>\]]/;

function isPath(wanted: Option | Argument): boolean {
  return pathName.test(wanted instanceof Option ? wanted.flags : `<${wanted.name()}>`);
}

/** Tells the library of a command and of all that are below it. */
function describe(command: Command, target: Target, path: string): void {
  const help = new Help();
  for (const option of help.visibleOptions(command)) {
    const name = option.long?.slice(2);
    if (name === undefined) continue;
    const short = option.short?.slice(1);
    const values = valuesOf(option);
    if (values) target.option(name, option.description, values, short);
    else target.option(name, option.description, short);
  }
  for (const argument of command.registeredArguments)
    target.argument(
      argument.name(),
      offer(argument.argChoices ?? [], argument.description),
      argument.variadic,
    );
  for (const inner of help.visibleCommands(command)) {
    if (inner.name() === "help") continue;
    const innerPath = path === "" ? inner.name() : `${path} ${inner.name()}`;
    describe(inner, tab.command(innerPath, inner.description()), innerPath);
  }
}

/** Undefined for an option without a value. */
function valuesOf(option: Option): OptionHandler | undefined {
  if (!option.required && !option.optional) return undefined;
  if (option.argChoices) return offer(option.argChoices, option.description);
  const isStack = /^--(stacks?|except|only)$/.test(option.long ?? "");
  return offer(isStack ? stackNames() : [], "stack of this project");
}

/** Without a description, zsh shows two hyphens behind the values. */
function offer(values: readonly string[], description: string) {
  return (complete: Complete): void => {
    for (const value of values) complete(value, description);
  };
}

function stackNames(): readonly string[] {
  try {
    return findProject().stacks;
  } catch {
    return [];
  }
}
