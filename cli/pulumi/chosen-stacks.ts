import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { checkStackNames, type Project } from "./project.ts";
import { selectedStack } from "./stack.ts";

/** The options by which a command takes one stack, several, or all. */
export interface StackChoice {
  readonly stack?: readonly string[];
  readonly all?: true;
  readonly except?: readonly string[];
}

/**
 * The stacks that the user chose, each once; without a choice the selected one.
 *
 * @param operation the command, for errors: `drift`
 * @throws {UcaasError} `INVALID_ARGUMENT`, `NO_STACK`, and those of the CLI
 */
export async function chosenStacks(
  project: Project,
  { stack, all, except = [] }: StackChoice,
  operation: string,
): Promise<string[]> {
  if (except.length > 0 && !all)
    throw new UcaasError("--except leaves out nothing without --all", {
      code: "INVALID_ARGUMENT",
      operation,
      hint: "add --all, or leave out --except",
    });
  if (stack) return [...new Set(stack)];
  if (!all) return [await selectedStack(project)];
  checkStackNames(project, { except }, { operation: `${operation} --all` });
  const chosen = project.stacks.filter((name) => !except.includes(name));
  if (chosen.length > 0) return chosen;
  throw new UcaasError(`there is no stack file of another stack in ${project.stackFolder}`, {
    code: "NO_STACK",
    operation: `${operation} --all`,
    hint: "create a stack with pulumi stack init, or name stacks with --stack",
  });
}
