import { createProgram } from "../../cli/program.ts";

type Command = ReturnType<typeof createProgram>;

/** A program whose parser throws what it would exit with, and all that it has printed. */
export function refusingProgram(): { readonly program: Command; printed(): string } {
  const program = createProgram({ description: "", version: "0" });
  let printed = "";
  const prepare = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: (text) => (printed += text) });
    command.commands.forEach(prepare);
  };
  prepare(program);
  return { program, printed: () => printed };
}
