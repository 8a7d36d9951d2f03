import { Argument, Command } from "commander";

const details = `
Examples:
  source <(ucaas completion bash)             this shell
  ucaas completion zsh > "\${fpath[1]}/_ucaas" all later ones
  ucaas completion fish > ~/.config/fish/completions/ucaas.fish

bash needs the package bash-completion. The shell asks the command ucaas. Where
it is not on the PATH: ucaas() { npx --no-install ucaas "$@"; }`;

/** `ucaas completion`: what the Tab key finds. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("print a script that completes commands, options and stacks")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", details)
    .action(async (shell: string) => {
      const { printScript } = await import("../completion.ts");
      printScript(shell);
    });
}

/** What the scripts ask. */
export function completeCommand(): Command {
  return new Command("complete")
    .argument("[words...]")
    .allowUnknownOption()
    .action(async (words: string[], _options: object, command: Command) => {
      const { printCandidates } = await import("../completion.ts");
      printCandidates(command.parent!, words);
    });
}
