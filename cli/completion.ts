import tab, { type Complete, type OptionHandler, type Command as Target } from "@bomb.sh/tab";
import { type Command, Help, type Option } from "commander";
import { print } from "./output.ts";
import { findProject } from "./pulumi/project.ts";

/** Prints the script of a shell. It asks `ucaas complete -- <words>` at each Tab. */
export function printScript(shell: string): void {
  tab.setup("ucaas", "ucaas", shell);
}

/** Prints what may follow the words: commands, options, values. */
export function printCandidates(program: Command, words: readonly string[]): void {
  // The library completes no files. On ":0" the shell does it itself.
  if (takesFile(program, words.at(-2))) {
    print(":0");
    return;
  }
  describe(program, tab, "");
  tab.parse([...words]);
}

/** Whether an option of any command has the path of a file or folder as its value. */
function takesFile(command: Command, word: string | undefined): boolean {
  const isFile = command.options.some(
    ({ long, short, flags }) =>
      word !== undefined && [long, short].includes(word) && /<(file|folder|path)>/.test(flags),
  );
  return isFile || command.commands.some((inner) => takesFile(inner, word));
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
  for (const { name, argChoices, variadic } of argumentsOf(command))
    target.argument(name, offer(argChoices), variadic);
  for (const inner of help.visibleCommands(command)) {
    if (inner.name() === "help") continue;
    const innerPath = path === "" ? inner.name() : `${path} ${inner.name()}`;
    describe(inner, tab.command(innerPath, inner.description()), innerPath);
  }
}

function argumentsOf(command: Command) {
  return command.registeredArguments.map((argument) => ({
    name: argument.name(),
    argChoices: argument.argChoices ?? [],
    variadic: argument.variadic,
  }));
}

/** Undefined for an option without a value. */
function valuesOf(option: Option): OptionHandler | undefined {
  if (!option.required && !option.optional) return undefined;
  const values =
    option.argChoices ?? (/^--(stack|except|only)$/.test(option.long ?? "") ? stackNames() : []);
  return offer(values);
}

function offer(values: readonly string[]) {
  return (complete: Complete): void => {
    for (const value of values) complete(value, "");
  };
}

function stackNames(): readonly string[] {
  try {
    return findProject().stacks;
  } catch {
    return [];
  }
}
