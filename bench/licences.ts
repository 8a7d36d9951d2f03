import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import Table from "cli-table3";
import { ximaServer } from "../sandbox/xima/server.ts";
import { secret, workspace } from "../test/engine/workspace.ts";
import { packed } from "../test/package/packed.ts";
import { interleave, median, type Taken, take } from "./interleave.ts";
import { type Variant, variants } from "./licence-variants.ts";

interface Figures {
  readonly up: Taken;
  readonly preview: Taken;
  readonly refresh: Taken;
  readonly destroy: Taken;
  /** Size of `pulumi stack export`, and of one resource's `__provider`. */
  readonly stateBytes: number;
  readonly providerBytes: number;
}

/** One stack from nothing to nothing, each command timed as a whole process. */
async function measure(variant: Variant, resources: number, modules: string): Promise<Figures> {
  const server = ximaServer();
  await server.start();
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await fetch(`${server.control}/keys`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      publicKey: publicKey.export({ type: "spki", format: "pem" }),
      kid: "bench",
    }),
  });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const stack = await workspace({
    program: variant.program(resources),
    modules,
    config: {
      "xima:baseUrl": server.baseUrl,
      "xima:keyId": "bench",
      "xima:concurrency": 64,
      "xima:privateKey": secret(pem),
    },
    env: { BENCH_URL: `${server.baseUrl}/licensing/update`, BENCH_KEY: pem.toString() },
  });
  try {
    const up = await take(stack, "up", "--yes", "--skip-preview");
    const preview = await take(stack, "preview", "--expect-no-changes");
    const refresh = await take(stack, "refresh", "--yes", "--skip-preview", "--expect-no-changes");
    const state = await stack.export();
    const provider = state.deployment.resources?.find((resource) => resource.inputs?.__provider)
      ?.inputs?.__provider;
    const destroy = await take(stack, "destroy", "--yes", "--skip-preview");
    return {
      up,
      preview,
      refresh,
      destroy,
      stateBytes: JSON.stringify(state).length,
      providerBytes: providerText(provider).length,
    };
  } finally {
    await stack.remove();
    await server.stop();
  }
}

/** A closure that captured a secret is one itself, and then stands encrypted. */
function providerText(provider: unknown): string {
  return typeof provider === "string" ? provider : JSON.stringify(provider);
}

/**
 * Licences beside a resource that does nothing (the floor), beside one that only sends
 * the requests, and beside one that is written as most dynamic providers are.
 */
export async function licences(resources: number, runs: number): Promise<string> {
  // As it is installed: npm packs JavaScript, while the repository's own code is stripped
  // of its types by each process.
  await using installed = await packed("pulumi-ucaas");
  const modules = join(installed.project, "node_modules");
  const measured = await interleave(variants, runs, (variant) =>
    measure(variant, resources, modules),
  );
  const columns = ["up", "preview", "refresh", "destroy"] as const;
  const table = new Table({
    head: [
      `${resources} resources`,
      ...columns.map((name) => `${name} s\n${name} CPU s`),
      "state KB each",
      "__provider bytes",
    ],
    style: { head: [], border: [] },
  });
  for (const { variant, figures } of measured) {
    table.push([
      variant.name,
      ...columns.map((name) =>
        (["seconds", "cpuSeconds"] as const)
          .map((measure) => {
            const own = median(figures.map((figure) => figure[name][measure]));
            const floor = median(measured[0]?.figures.map((figure) => figure[name][measure]) ?? []);
            return `${own.toFixed(2)} (${(own / floor).toFixed(2)})`;
          })
          .join("\n"),
      ),
      (median(figures.map((figure) => figure.stateBytes)) / resources / 1000).toFixed(2),
      median(figures.map((figure) => figure.providerBytes)).toString(),
    ]);
  }
  return `Licences: median of ${runs} runs; in brackets the ratio to the floor, the first row.\n${table}`;
}
