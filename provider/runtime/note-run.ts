import * as pulumi from "@pulumi/pulumi";
import { isProgramOfCli } from "./host-location.ts";
import { programStack } from "./organization.ts";
import { OwnRuns } from "./own-runs.ts";

/** Stacks with their engines: a process may run several updates, as with the Automation API. */
const noted = new Set<string>();

/** What the SDK's type of its client leaves out. */
interface GrpcClient {
  getChannel(): { getTarget(): string };
}

/**
 * Notes in the journal that an update of this stack runs here, once in an update. Where
 * the journal cannot be written, the provider sends nothing either.
 *
 * @param stack the stack's identity
 */
export function noteRun(stack: string): void {
  if (pulumi.runtime.isDryRun()) return;
  const engine = engineOfProgram();
  // In a unit test of a program, mocks stand for the engine, and nothing runs.
  if (engine === undefined) return;
  const update = `${stack} ${engine}`;
  if (noted.has(update)) return;
  noted.add(update);
  const get = (key: string) => pulumi.runtime.getConfig(key);
  new OwnRuns({ get }).note(stack, engine).catch(() => {});
}

/** The address of this program's engine, as a provider process has it on its command line. */
export function engineOfProgram(): string | undefined {
  const client = pulumi.runtime.getEngine() as GrpcClient | undefined;
  return client?.getChannel().getTarget().replace(/^dns:/, "");
}

/**
 * For a program of the CLI, as soon as it imports this package: it may fail before its
 * first resource, and its failed update must not look like another machine's.
 */
export function noteProgramOfCli(): void {
  if (isProgramOfCli()) noteRun(programStack());
}
