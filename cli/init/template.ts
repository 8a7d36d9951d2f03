import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { isMap, parseDocument } from "yaml";

/** The template of a reseller's repository; `pulumi new` takes the same folder. */
export const templateFolder = join(import.meta.dirname, "..", "templates", "reseller");

export const vendors = ["xima", "enablex", "netsapiens", "xelion"] as const;
export type Vendor = (typeof vendors)[number];

export const ciPlatforms = ["github", "gitlab", "none"] as const;
export type CiPlatform = (typeof ciPlatforms)[number];

export interface RepositoryOptions {
  /** Name of the Pulumi project: the reseller. */
  readonly name: string;
  readonly vendors: readonly Vendor[];
  /** The first stack. */
  readonly stack: string;
  readonly ci: CiPlatform;
  /** Whether there is a stack `sandbox` with customers to try. */
  readonly sandbox: boolean;
  /** Ranges or paths of packages, by name, instead of the template's. */
  readonly packages: Readonly<Record<string, string>>;
}

/** The files of a new repository, by their paths with slashes. */
export function repositoryFiles(options: RepositoryOptions): Map<string, string> {
  const files = new Map<string, string>();
  for (const [path, text] of templateFiles()) {
    const target = targetOf(path, options);
    if (target) files.set(target, fill(target, text, options));
  }
  return files;
}

function templateFiles(): [path: string, text: string][] {
  return readdirSync(templateFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [
      relative(templateFolder, file).split(sep).join("/"),
      readFileSync(file, "utf8"),
    ]);
}

/** Where a file of the template goes; undefined where the choices leave it out. */
function targetOf(path: string, { ci, sandbox, stack }: RepositoryOptions): string | undefined {
  if (path.startsWith(".github/")) return ci === "github" ? path : undefined;
  if (path === ".gitlab-ci.yml") return ci === "gitlab" ? path : undefined;
  if (/^stacks\/(Pulumi\.|customers\/)sandbox/.test(path)) return sandbox ? path : undefined;
  if (path === "stacks/Pulumi.dev.yaml") return `stacks/Pulumi.${stack}.yaml`;
  // npm packs no .gitignore.
  return path === "gitignore" ? ".gitignore" : path;
}

function fill(path: string, text: string, options: RepositoryOptions): string {
  const named = text
    .replaceAll(placeholder("PROJECT"), options.name)
    .replaceAll(
      placeholder("DESCRIPTION"),
      `Customers of ${options.name} at their telephony systems`,
    )
    .replaceAll("customers/dev/", `customers/${options.stack}/`)
    .replaceAll("Pulumi.dev.yaml", `Pulumi.${options.stack}.yaml`)
    .replaceAll("STACK: [dev]", `STACK: [${options.stack}]`);
  if (path.startsWith("stacks/")) return withVendors(named, options.vendors);
  // The section is for `pulumi new`, which removes it too.
  if (path === "Pulumi.yaml") return named.replace(/^template:\n(?: .*\n)*/m, "");
  if (path === "package.json") return withPackages(named, options.packages);
  return named;
}

/** A file of a stack or a customer without the keys and sections of other vendors. */
function withVendors(text: string, chosen: readonly Vendor[]): string {
  const document = parseDocument(text);
  const others = vendors.filter((vendor) => !chosen.includes(vendor));
  const isOther = (key: string) =>
    others.some((vendor) => key === vendor || key.startsWith(`${vendor}:`));
  const config = document.get("config");
  const maps = [document.contents, config, isMap(config) && config.get("ucaas:defaults")];
  for (const map of maps)
    if (isMap(map)) map.items = map.items.filter(({ key }) => !isOther(String(key)));
  return document.toString({ lineWidth: 0 });
}

/** As `pulumi new` knows it. */
function placeholder(name: string): string {
  return `\${${name}}`;
}

/** npm takes the packages that others depend on from these paths too, when they are named here. */
function withPackages(text: string, packages: RepositoryOptions["packages"]): string {
  const manifest = JSON.parse(text) as Record<string, Record<string, string>>;
  const { dependencies = {}, devDependencies = {} } = manifest;
  for (const [name, path] of Object.entries(packages))
    (name in dependencies ? dependencies : devDependencies)[name] = path;
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
