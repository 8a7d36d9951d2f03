/**
 * What the engineer does after a story: `pulumi cancel`, `pulumi up`, and the remedies
 * that the errors name. No other knowledge is used.
 */
import { isDeepStrictEqual as isEqual } from "node:util";
import { configurationOf, type Declaration, type Declared, reseller } from "./declaration.ts";
import type { Project, Run } from "./project.ts";
import type { Servers } from "./servers.ts";

const mostUps = 6;

/**
 * @returns the last `up`, and how many were needed; `healed` is false when the last one
 * failed too.
 */
export async function heal(
  project: Project,
  servers: Servers,
  declaration: Declaration,
): Promise<{ healed: boolean; ups: number }> {
  let now = declaration;
  for (let ups = 1; ; ups++) {
    await project.declare(now);
    if (await project.isLocked()) await project.pulumi(["cancel", "--yes"]);
    const up = await project.pulumi(["up", "--yes", "--skip-preview"]);
    if (up.exitCode === 0) return { healed: true, ups };
    if (ups === mostUps) return { healed: false, ups };
    for (const command of commandsIn(up)) await project.pulumi(command);
    for (const command of journalCommandsIn(up)) await project.ucaas(command);
    removeInPortal(up, servers);
    now = now.map((resource) => remedied(resource, up, servers, ups));
  }
}

/**
 * What the warning of an update that failed with another journal asks for: a look into the
 * journals of the machines where the story was before.
 */
export async function askEarlierMachines(project: Project): Promise<void> {
  if (project.runs.some(({ output }) => /the update that began at \S+ failed/.test(output)))
    await project.ucaasOnEarlierMachines(["journal", "list"]);
}

/** Commands of the engine that the remedies of the errors name, word by word. */
function commandsIn({ output }: Run): string[][] {
  const remedies =
    output
      .slice(output.lastIndexOf("Diagnostics:"))
      .match(/What to do:[\s\S]*?(?=\n\n|\n\s*error:|$)/g) ?? [];
  const named = remedies.flatMap(
    (text) => text.match(/pulumi refresh(?: --clear-pending-creates)?/g) ?? [],
  );
  return [...new Set(named)].map((command) => [
    ...command.split(" ").slice(1),
    "--yes",
    "--skip-preview",
  ]);
}

/** Commands for the journal that the remedies name with all their arguments. */
function journalCommandsIn({ output }: Run): string[][] {
  const named = output.match(/ucaas journal (?:move \S+ \S+|accept \S+)(?: --stack \S+)?/g) ?? [];
  return [...new Set(named)].map((command) => command.split(" ").slice(1));
}

/** What no program declares and keeps a customer from getting its code. */
function removeInPortal({ output }: Run, { sandbox }: Servers): void {
  const named = output.matchAll(/\b(customer|subscription) (\d+) [^\n]* already has /g);
  const { customers, subscriptions } = sandbox.enablex.server.state;
  for (const [, kind, id = ""] of named)
    delete (kind === "customer" ? customers : subscriptions)[id];
}

/** The declaration with what an error of this resource asks for. */
function remedied(
  resource: Declared,
  { output }: Run,
  servers: Servers,
  attempt: number,
): Declared {
  const errors = errorsAbout(resource, output);
  const about = (code: string) => errors.some((error) => error.includes(`[${code}`));
  const remedy: Record<string, unknown> = { ...resource.remedy };
  switch (resource.type) {
    case "XimaLicense":
      if (about("ALREADY_EXISTS")) remedy.adopt = true;
      break;
    case "EnableXCustomer":
    case "EnableXSubscription":
    case "EnableXUser":
      if (about("ALREADY_EXISTS")) remedy.adopt = "always";
      break;
    case "XelionTenantProvision":
      // The error of one tenant asks for a look at all of them.
      if (about("OUTCOME_UNKNOWN") || output.includes("[JOURNAL_UNKNOWN_RUN")) {
        // The engineer looks for the order in the Admin UI, and at what was ordered.
        const orders = Object.values(servers.sandbox.xelion.server.state.orders).filter(
          ({ tenantName }) => tenantName === resource.key,
        );
        const last = orders.at(-1);
        const isAsDeclared =
          last !== undefined &&
          isEqual(JSON.parse(last.configuration), configurationOf(resource.key, resource.version));
        if (last && (isAsDeclared || about("OUTCOME_UNKNOWN"))) remedy.orderId = last.id;
        else if (about("OUTCOME_UNKNOWN")) remedy.retryFailed = `heal ${attempt}`;
      } else if (about("ORDER_FAILED")) remedy.retryFailed = `heal ${attempt}`;
      break;
    case "NetsapiensOAuthClient":
      break;
  }
  return Object.keys(remedy).length === 0 ? resource : { ...resource, remedy };
}

/** The error texts that name this thing, by the identifiers that are in front of the engineer. */
function errorsAbout({ type, name, key }: Declared, output: string): string[] {
  const names = [`dynamic/ucaas:${type} (${name})`, `${reseller}/${key}`, `resource ${name}`];
  return output
    .split(/\n(?=\s*pulumi-nodejs:|\s*error:)/)
    .filter((text) => names.some((each) => text.includes(each)) || text.includes(key));
}
