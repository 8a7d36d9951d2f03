import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";

const recorder = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const urls = [];
  registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
  process.on("exit", () => console.log(JSON.stringify(urls)));
`)}`;

/** The URLs of the modules that a process loads for one import, by its own account. */
function urlsFor(specifier: string): string[] {
  const printed = execFileSync(
    process.execPath,
    [
      "--import",
      recorder,
      "--input-type=module",
      "-e",
      `await import(${JSON.stringify(specifier)});`,
    ],
    { cwd: root, encoding: "utf8", env: { ...process.env, NODE_COMPILE_CACHE: "" } },
  );
  return JSON.parse(printed.trim().split("\n").at(-1)!);
}

/** The packages among them. */
function loadedFor(specifier: string): Set<string> {
  return new Set(
    urlsFor(specifier).flatMap(
      (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1] ?? [],
    ),
  );
}

const heavy = [
  "zod",
  "jose",
  "undici",
  "p-queue",
  "@peculiar/x509",
  "playwright-core",
  "awesome-phonenumber",
  "commander",
];

test("a program that imports pulumi-ucaas loads nothing that belongs to the provider process", () => {
  const loaded = loadedFor("pulumi-ucaas");
  expect(loaded).toContain("@pulumi/pulumi");
  expect(heavy.filter((name) => loaded.has(name))).toEqual([]);
});

test("the record of loaded modules would show such packages", () => {
  expect([...loadedFor("./provider/xima/provider.ts")]).toEqual(
    expect.arrayContaining(["zod", "p-queue"]),
  );
});

/** An import of `node:http` also loads Node's WebSocket client, 40 ms in each process. */
test.each(["enablex", "xima", "netsapiens", "xelion"])(
  "the provider of %s imports no HTTP module before its first request",
  (vendor) => {
    const urls = urlsFor(`./provider/${vendor}/provider.ts`);
    expect(urls.filter((url) => /^node:https?2?$|\/(undici|jose)\//.test(url))).toEqual([]);
  },
);
