import { Command, InvalidArgumentError, Option } from "commander";
import type { AdoptionSource } from "../adopt/source.ts";
import type { Config } from "../adopt/stack.ts";
import { printNotice } from "../output.ts";

interface Options {
  readonly stack?: string;
  readonly account?: string;
  readonly as?: ReadonlyMap<string, string>;
  readonly yes?: true;
  readonly json?: true;
}

const about = `
Without --yes it only shows what it would do. With --yes it
  1. writes resources that no stack file declares into
     stacks/customers/<stack>/<slug>.yaml,
  2. imports declared resources that the state does not have (pulumi import), if
     the program declares them as they are,
  3. checks that the preview is empty, and that no secret is readable in the
     exported state.
Nothing is changed at a vendor. A value that cannot be read is a blank in the
file. Nothing is imported while a blank is left: fill it in, and run the same
command again. More: docs/adopting.md`;

/** `ucaas adopt`: what exists at a vendor comes into the stack, into its files and its state. */
export function adoptCommand(): Command {
  return new Command("adopt")
    .description("adopt existing resources of a vendor into the stack's files and state")
    .addHelpText("after", about)
    .addCommand(enablexCommand())
    .addCommand(netsapiensCommand())
    .addCommand(ximaCommand())
    .addCommand(xelionCommand());
}

function vendorCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--stack <name>", "the stack; default the one that is selected")
    .option("--account <name>", `section ${name}:accounts.<name> of the config`)
    .option(
      "--as <id=slug>",
      "the customer that a thing becomes, or joins (may be repeated)",
      pairs,
    )
    .addOption(
      new Option("--yes", "do it; without it, only show what would be done").conflicts("json"),
    )
    .option("--json", "what would be done as JSON");
}

function enablexCommand(): Command {
  return vendorCommand("enablex", "customers of EnableX, with their subscriptions and users")
    .option(
      "--filter <text>",
      "only customers with this text in their id, name, code or email (may be repeated)",
      collected,
    )
    .option("--customers-only", "leave subscriptions and users aside")
    .action((options: Options & { filter?: string[]; customersOnly?: true }) =>
      run(options, async (config) => {
        const { enablexVendor } = await import("../adopt/enablex.ts");
        return enablexVendor(config, options);
      }),
    );
}

function netsapiensCommand(): Command {
  return vendorCommand(
    "netsapiens",
    "OAuth clients of NetSapiens: those that the admin portal lists, or those that are named",
  )
    .option(
      "--filter <text>",
      "only listed clients with this text in their id (may be repeated)",
      collected,
    )
    .option(
      "--client <domain/clientId>",
      "a client, with its domain if it is known (may be repeated)",
      collected,
    )
    .option(
      "--clients <file>",
      "a file that names one client a line, and behind it the customer's name if wanted",
      collected,
    )
    .action((options: Options & { filter?: string[]; client?: string[]; clients?: string[] }) =>
      run(options, async (config) => {
        const { NetsapiensSource } = await import("../adopt/netsapiens.ts");
        return new NetsapiensSource(config, {
          ...options,
          clients: options.client,
          clientFiles: options.clients,
        });
      }),
    );
}

function ximaCommand(): Command {
  return vendorCommand(
    "xima",
    "licences of Xima CCaaS; the API lists none, so their tenants are named",
  )
    .option(
      "--tenant <reseller/tenant>",
      "a tenant (may be repeated); a slash within a name is %2F",
      collected,
    )
    .addOption(tenantFiles())
    .action((options: Options & TenantOptions) =>
      run(options, async (config) => {
        const { ximaVendor } = await import("../adopt/xima.ts");
        const { readIdentifiers, twoParts } = await import("../adopt/identifiers.ts");
        return ximaVendor(config, {
          ...options,
          tenants: readIdentifiers(options.tenant, options.tenants, "reseller/tenant", twoParts),
        });
      }),
    );
}

function xelionCommand(): Command {
  return vendorCommand("xelion", "tenants of Xelion servers; nothing lists them, so they are named")
    .option(
      "--tenant <server/tenant>",
      "a tenant, such as https://my.server.xelion.com/pbx1 (may be repeated)",
      collected,
    )
    .addOption(tenantFiles())
    .action((options: Options & TenantOptions) =>
      run(options, async (config) => {
        const { serverAndTenant, xelionVendor } = await import("../adopt/xelion.ts");
        const { readIdentifiers } = await import("../adopt/identifiers.ts");
        return xelionVendor(config, {
          ...options,
          tenants: readIdentifiers(
            options.tenant,
            options.tenants,
            "server/tenant",
            serverAndTenant,
          ),
        });
      }),
    );
}

interface TenantOptions {
  readonly tenant?: string[];
  readonly tenants?: string[];
}

function tenantFiles(): Option {
  return new Option(
    "--tenants <file>",
    "a file that names one tenant a line, and behind it the customer's name if wanted",
  ).argParser(collected);
}

async function run(
  options: Options,
  vendorFor: (config: Config) => Promise<AdoptionSource>,
): Promise<void> {
  const [{ Stack }, { adopt }] = await Promise.all([
    import("../adopt/stack.ts"),
    import("../adopt/adoption.ts"),
  ]);
  const stack = await Stack.open(options.stack);
  const config = await stack.config();
  const vendor = await vendorFor(config);
  const words = [...process.argv.slice(2).filter((word) => word !== "--yes"), "--yes"];
  const command = `npx ucaas ${words.map(asTyped).join(" ")}`;
  try {
    await adopt(vendor, stack, config, {
      chosen: options.as ?? new Map(),
      yes: options.yes ?? false,
      json: options.json ?? false,
      command,
    });
    for (const line of await stack.openWrites()) printNotice(`\nInterrupted earlier: ${line}`);
  } finally {
    await vendor.close?.();
  }
}

/** As it is typed in a shell. */
function asTyped(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function collected(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function pairs(
  value: string,
  before: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const at = value.lastIndexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write it as id=slug.");
  return new Map(before).set(value.slice(0, at), value.slice(at + 1));
}
