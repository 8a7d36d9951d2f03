import { generateKeyPairSync } from "node:crypto";
import Table from "cli-table3";
import { ximaServer } from "../sandbox/xima/server.ts";
import { secret, workspace } from "../test/engine/workspace.ts";
import { interleaved, median, seconds } from "./interleaved.ts";

/** One way to write the same resources. */
interface Variant {
  readonly name: string;
  /** A program that declares so many licences. */
  program(resources: number): string;
}

interface Figures {
  /** Seconds, of the whole `pulumi` process. */
  readonly up: number;
  readonly preview: number;
  readonly refresh: number;
  readonly destroy: number;
  /** Size of `pulumi stack export`, and of one resource's `__provider`. */
  readonly stateBytes: number;
  readonly providerBytes: number;
}

/** The same arguments for every variant, so that only the way of writing a resource differs. */
const args = `(i) => ({ ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "tenant-" + i, tenantName: "Tenant " + i }, professionalSeats: 12, aiMessaging: { standardBundles: 1 } })`;

const loop = (declaration: string, resources: number) => `const args = ${args};\nfor (let i = 0; i < ${resources}; i++) ${declaration};\n`;

/** The floor does nothing at all; the closure does what most dynamic providers do, with a client and its packages captured. */
const variants: readonly Variant[] = [
  {
    name: "floor: a dynamic resource that does nothing",
    program: (resources) => `
      import * as pulumi from "@pulumi/pulumi";
      const provider = {
        async diff() { return { changes: false }; },
        async create(inputs) { return { id: inputs.ccId.tenantId, outs: inputs }; },
      };
      class Nothing extends pulumi.dynamic.Resource { constructor(name, args) { super(provider, name, args); } }
      ${loop("new Nothing('licence-' + i, args(i))", resources)}`,
  },
  {
    name: "XimaLicense",
    program: (resources) => `
      import { XimaLicense } from "pulumi-ucaas";
      ${loop("new XimaLicense('licence-' + i, args(i))", resources)}`,
  },
  {
    name: "a provider class closed over its client",
    program: (resources) => `
      import * as pulumi from "@pulumi/pulumi";
      class Client {
        constructor(baseUrl) { this.baseUrl = baseUrl; }
        async send(method, body) {
          const { createHash } = await import("node:crypto");
          const text = JSON.stringify(body);
          return { method, url: this.baseUrl, hash: createHash("sha256").update(text).digest("hex"), attempts: 1 };
        }
        async update(inputs) { return this.send("POST", inputs); }
        async remove(inputs) { return this.send("DELETE", { ccId: inputs.ccId }); }
      }
      class Provider {
        constructor(client) { this.client = client; }
        async check(olds, news) {
          const failures = [];
          for (const key of Object.keys(news)) if (key.endsWith("Seats") && !(Number.isInteger(news[key]) && news[key] >= 0)) failures.push({ property: key, reason: "must be a whole number" });
          return { inputs: news, failures };
        }
        async diff(id, olds, news) {
          const changed = Object.keys(news).filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
          return { changes: changed.length > 0, replaces: changed.filter((key) => key === "ccId") };
        }
        async create(inputs) { await this.client.update(inputs); return { id: inputs.ccId.resellerId + "/" + inputs.ccId.tenantId, outs: inputs }; }
        async read(id, props) { return { id, props }; }
        async update(id, olds, news) { await this.client.update(news); return { outs: news }; }
        async delete(id, props) { await this.client.remove(props); }
      }
      class Licence extends pulumi.dynamic.Resource { constructor(name, args) { super(new Provider(new Client("https://licensing.example/v1")), name, args); } }
      ${loop("new Licence('licence-' + i, args(i))", resources)}`,
  },
];

/** One stack from nothing to nothing, each command timed as a whole process. */
async function measure(variant: Variant, resources: number): Promise<Figures> {
  const server = ximaServer();
  await server.start();
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await fetch(`${server.control}/keys`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ publicKey: publicKey.export({ type: "spki", format: "pem" }), kid: "bench" }),
  });
  const stack = await workspace({
    program: variant.program(resources),
    config: {
      "xima:baseUrl": server.baseUrl,
      "xima:keyId": "bench",
      "xima:concurrency": 64,
      "xima:privateKey": secret(privateKey.export({ type: "pkcs8", format: "pem" })),
    },
  });
  try {
    const up = await seconds(stack, "up", "--yes", "--skip-preview");
    const preview = await seconds(stack, "preview", "--expect-no-changes");
    const refresh = await seconds(stack, "refresh", "--yes", "--skip-preview", "--expect-no-changes");
    const state = await stack.export();
    const provider = state.deployment.resources?.find((resource) => resource.inputs?.__provider)?.inputs?.__provider;
    const destroy = await seconds(stack, "destroy", "--yes", "--skip-preview");
    return { up, preview, refresh, destroy, stateBytes: JSON.stringify(state).length, providerBytes: providerText(provider).length };
  } finally {
    await stack.remove();
    await server.stop();
  }
}

/** A closure that captured a secret is one itself, and then stands encrypted. */
function providerText(provider: unknown): string {
  return typeof provider === "string" ? provider : JSON.stringify(provider);
}

/** Licences beside a resource that does nothing (the floor) and beside the way in which most dynamic providers are written. */
export async function licences(resources: number, runs: number): Promise<string> {
  const measured = await interleaved(variants, runs, (variant) => measure(variant, resources));
  const columns = ["up", "preview", "refresh", "destroy"] as const;
  const table = new Table({
    head: [`${resources} resources`, ...columns.map((name) => `${name} s`), "state KB each", "__provider bytes"],
    style: { head: [], border: [] },
  });
  for (const { variant, figures } of measured) {
    table.push([
      variant.name,
      ...columns.map((name) => {
        const own = median(figures.map((figure) => figure[name]));
        const floor = median(measured[0]?.figures.map((figure) => figure[name]) ?? []);
        return `${own.toFixed(2)} (${(own / floor).toFixed(2)})`;
      }),
      (median(figures.map((figure) => figure.stateBytes)) / resources / 1000).toFixed(2),
      median(figures.map((figure) => figure.providerBytes)).toString(),
    ]);
  }
  return `Licences: median of ${runs} runs; in brackets the ratio to the floor, the first row.\n${table}`;
}
