import { existsSync } from "node:fs";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { findProject, type Project, providerEnvironment } from "../pulumi/project.ts";
import {
  type StackConfig,
  type StackState,
  selectedStack,
  stackConfig,
  stackState,
} from "../pulumi/stack.ts";
import { accountChecks } from "./accounts.ts";
import { backendCheck, judgeConfig, judgeState } from "./backend.ts";
import { type Check, type Finding, outcomeOf, runChecks } from "./check.ts";
import { noConfig, type StackContext } from "./context.ts";
import { journalChecks } from "./journal.ts";
import { proxyCheck } from "./proxy.ts";
import { versionChecks } from "./versions.ts";

export interface Examination {
  /** Undefined where no stack is selected. */
  readonly stack: string | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Runs all checks: first those of this machine while the stack is opened, then those that
 * need the stack's config.
 */
export async function examine({
  stack,
  minDays,
  seconds,
}: {
  stack?: string;
  minDays: number;
  seconds: number;
}): Promise<Examination> {
  const project = ownProject();
  const isFound = !(project instanceof UcaasError);
  const environment = isFound ? providerEnvironment() : process.env;
  if (isFound) process.chdir(project.folder);
  const opened = new OpenedStack(stack);
  const first = await runChecks(
    [
      ...versionChecks(process.cwd()),
      proxyCheck(process.env),
      backendCheck,
      isFound ? opened.check(project) : noProject(project),
    ],
    seconds,
  );
  const context: StackContext = {
    stack: opened.config && opened.name,
    config: opened.config ?? noConfig,
    resources: opened.state?.resources ?? [],
    environment,
    minDays,
    seconds,
  };
  // As the provider process: paths in the config are from the program's folder.
  if (isFound && existsSync(project.programFolder)) process.chdir(project.programFolder);
  const second = await runChecks([...journalChecks(context), ...accountChecks(context)], seconds);
  return { stack: opened.name, findings: [...first, ...second] };
}

/** The stack's config and state, read once for all checks. */
class OpenedStack {
  name: string | undefined;
  config: StackConfig | undefined;
  state: StackState | undefined;

  constructor(name: string | undefined) {
    this.name = name;
  }

  check(project: Project): Check {
    return {
      system: "pulumi",
      check: "stack",
      run: async (signal) => {
        this.name ??= await selectedStack(project, signal);
        this.config = await stackConfig(this.name, signal);
        this.state = await stackState(this.name, { showSecrets: true, signal });
        return [
          { check: "config", ...judgeConfig(this.config) },
          { check: "state", ...judgeState(this.state, this.name) },
        ];
      },
    };
  }
}

function noProject(error: UcaasError): Check {
  return { system: "pulumi", check: "project", run: async () => outcomeOf(error) };
}

/** The project, or why there is none. */
function ownProject(): Project | UcaasError {
  try {
    return findProject();
  } catch (error) {
    if (error instanceof UcaasError) return error;
    throw error;
  }
}
