import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checks, codeFolders, run } from "../../tools/check.mjs";
import { root } from "../../tools/engine/paths.mjs";
import { linkModules } from "../package/link-modules.ts";

// A house like ours in small, with a vendor that no rule can know by name.
const validFiles: Record<string, string> = {
  "provider/index.ts": `export { A } from "./acme/resource.ts"; export { C } from "./customer.ts";`,
  "provider/customer.ts": `import * as pulumi from "@pulumi/pulumi"; import { A } from "./acme/resource.ts"; export class C { a = A; p = pulumi; }`,
  "provider/schemas.ts": `export { schema } from "./acme/schema.ts";`,
  "provider/host.ts": `import { table } from "./runtime/table.ts"; import { P } from "./acme/provider.ts"; export const h = [table, P];`,
  "provider/acme/resource.ts": `import { load } from "../runtime/resource-base.ts"; import type { S } from "./schema.ts"; import type { P } from "./provider.ts"; export class A { l = load; s?: S; p?: P; }`,
  "provider/acme/schema.ts": `import { z } from "zod"; export const schema = z.string(); export type S = string;`,
  "provider/acme/client.ts": `import { http } from "../http/client.ts"; import { schema } from "./schema.ts"; export const client = [http, schema];`,
  "provider/acme/provider.ts": `import { client } from "./client.ts"; export class P { c = client; }`,
  "provider/other/schema.ts": "export const other = 1; export type Other = 1;",
  "provider/runtime/resource-base.ts": `import * as pulumi from "@pulumi/pulumi"; export const load = pulumi;`,
  "provider/runtime/table.ts": `import type { Other } from "./typed.ts"; export const table: Other = 1;`,
  "provider/runtime/typed.ts": `export type Other = 1;`,
  "provider/http/client.ts": `import { request } from "undici"; export const http = request;`,
  "stacks/index.ts": `import { A } from "pulumi-ucaas"; export const a = A;`,
  "stacks/config.ts": `import { schema } from "pulumi-ucaas/schemas"; export const s = schema;`,
  "sandbox/main.ts": `import { createServer } from "node:http"; export const s = createServer;`,
  "cli/ucaas.ts": `import { client } from "../provider/acme/client.ts"; export const c = client;`,
};

// Rule, the file that breaks it, what it imports, where that leads.
const breaches = [
  [
    "no-cycle",
    "provider/acme/one-type.ts",
    `import type { Two } from "./other-type.ts"; export type One = Two;`,
    "provider/acme/other-type.ts",
  ],
  [
    "no-cycle",
    "provider/acme/here.ts",
    `import { b } from "./there.ts"; export const a = b;`,
    "provider/acme/there.ts",
  ],
  [
    "sandbox-is-written-from-the-contracts",
    "sandbox/code.ts",
    `import { client } from "../provider/acme/client.ts"; export const c = client;`,
    "provider/acme/client.ts",
  ],
  [
    "sandbox-is-written-from-the-contracts",
    "sandbox/type.ts",
    `import type { S } from "../provider/acme/schema.ts"; export type T = S;`,
    "provider/acme/schema.ts",
  ],
  [
    "sandbox-is-written-from-the-contracts",
    "sandbox/name.ts",
    `import { A } from "pulumi-ucaas"; export const c = A;`,
    "provider/index.ts",
  ],
  [
    "sandbox-is-written-from-the-contracts",
    "sandbox/stack.ts",
    `import { a } from "../stacks/index.ts"; export const c = a;`,
    "stacks/index.ts",
  ],
  [
    "provider-stands-alone",
    "provider/acme/a.ts",
    `import { s } from "../../sandbox/main.ts"; export const c = s;`,
    "sandbox/main.ts",
  ],
  [
    "provider-stands-alone",
    "provider/acme/b.ts",
    `import type { a } from "../../stacks/index.ts"; export type C = typeof a;`,
    "stacks/index.ts",
  ],
  [
    "provider-stands-alone",
    "provider/acme/c.ts",
    `import { c } from "../../cli/ucaas.ts"; export const d = c;`,
    "cli/ucaas.ts",
  ],
  [
    "receiver-stands-alone",
    "receiver/a.ts",
    `import { client } from "../provider/acme/client.ts"; export const c = client;`,
    "provider/acme/client.ts",
  ],
  [
    "receiver-stands-alone",
    "receiver/b.ts",
    `import type { S } from "../provider/acme/schema.ts"; export type C = S;`,
    "provider/acme/schema.ts",
  ],
  [
    "no-vendor-imports-another",
    "provider/acme/d.ts",
    `import { other } from "../other/schema.ts"; export const c = other;`,
    "provider/other/schema.ts",
  ],
  [
    "no-vendor-imports-another",
    "provider/acme/e.ts",
    `import type { Other } from "../other/schema.ts"; export type C = Other;`,
    "provider/other/schema.ts",
  ],
  [
    "core-knows-no-vendor",
    "provider/runtime/f.ts",
    `import { other } from "../other/schema.ts"; export const c = other;`,
    "provider/other/schema.ts",
  ],
  [
    "core-knows-no-vendor",
    "provider/http/f.ts",
    `import type { Other } from "../other/schema.ts"; export type C = Other;`,
    "provider/other/schema.ts",
  ],
  [
    "stacks-enter-by-the-doors",
    "stacks/a.ts",
    `import { A } from "../provider/acme/resource.ts"; export const c = A;`,
    "provider/acme/resource.ts",
  ],
  [
    "program-is-light",
    "provider/other/resource.ts",
    `import { other } from "./schema.ts"; export const c = other;`,
    "provider/other/schema.ts",
  ],
  [
    "program-is-light",
    "provider/third/resource.ts",
    `import { z } from "zod"; export const c = z;`,
    "zod",
  ],
  [
    "schemas-decide-only",
    "provider/schemas.ts",
    `import { client } from "./acme/client.ts"; export const c = client;`,
    "provider/acme/client.ts",
  ],
  [
    "host-loads-providers",
    "provider/host.ts",
    `import { client } from "./acme/client.ts"; export const c = client;`,
    "provider/acme/client.ts",
  ],
  [
    "provider-is-loaded-by-the-host",
    "provider/acme/g.ts",
    `import { P } from "./provider.ts"; export const c = P;`,
    "provider/acme/provider.ts",
  ],
  [
    "resource-is-loaded-by-the-program",
    "provider/acme/h.ts",
    `import { A } from "./resource.ts"; export const c = A;`,
    "provider/acme/resource.ts",
  ],
  [
    "installed-with-the-package",
    "cli/a.ts",
    `import { test } from "vitest"; export const c = test;`,
    "vitest",
  ],
  [
    "can-be-found",
    "cli/b.ts",
    `import { nothing } from "./nowhere.ts"; export const c = nothing;`,
    "./nowhere.ts",
  ],
] as const;

const folders: string[] = [];
const imports = checks.find((check) => check.script.includes("dependency-cruiser"))!;

async function house(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ucaas-imports-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  for (const name of codeFolders) await mkdir(join(folder, name), { recursive: true });
  for (const name of [".dependency-cruiser.mjs", "package.json"])
    await cp(join(root, name), join(folder, name));
  await linkModules(folder);
  return folder;
}

let report: string;
beforeAll(async () => {
  const files: Record<string, string> = {
    ...validFiles,
    "provider/acme/other-type.ts": `import type { One } from "./one-type.ts"; export type Two = One;`,
    "provider/acme/there.ts": `import { a } from "./here.ts"; export const b = a;`,
  };
  for (const [, file, text] of breaches) files[file] = `${text}\n`;
  report = (await run(imports, await house(files))).output.replaceAll(/ → \s+/g, " → ");
});

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

test("imports that the design allows pass, type imports among them", async () => {
  const { passed, output } = await run(imports, await house(validFiles));
  expect(passed, output).toBe(true);
});

test.each(breaches)("%s: %s is refused", (rule, file, _text, target) => {
  const found = report
    .split("\n")
    .filter((line) => line.includes(`error ${rule}: ${file} → `) && line.includes(target));
  expect(found, report).not.toHaveLength(0);
});
