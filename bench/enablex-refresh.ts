import Table from "cli-table3";
import { secret, workspace } from "../test/engine/workspace.ts";
import { enablexAccount } from "./enablex-account.ts";
import { interleave, median, take } from "./interleave.ts";

const latencyMs = 50;

/**
 * A server that refuses its list leaves one GET for each customer: what a provider
 * without pages would send.
 */
const variants = [
  { name: "pages of the list", listRefused: false },
  { name: "one GET each", listRefused: true },
];

async function measure(
  { listRefused }: (typeof variants)[number],
  customers: number,
): Promise<{ seconds: number; requests: number }> {
  const { server, accessId, accessKey } = await enablexAccount();
  const stack = await workspace({
    program: `
      import { EnableXCustomer } from "pulumi-ucaas";
      for (let i = 0; i < ${customers}; i++) {
        new EnableXCustomer("customer-" + i, {
          customerName: "Customer " + i,
          customerCode: "code-" + i,
          contactEmail: "customer-" + i + "@example.com",
        });
      }`,
    config: {
      "enablex:baseUrl": server.baseUrl,
      "enablex:accessId": accessId,
      "enablex:accessKey": secret(accessKey),
      "enablex:concurrency": 16,
    },
  });
  try {
    (await stack.pulumi(["up", "--yes", "--skip-preview"], { timeoutMs: 600_000 })).ok();
    server.setOptions({ latencyMs });
    if (listRefused)
      server.fault({
        kind: "status",
        status: 404,
        method: "GET",
        path: "/customers$",
        times: 1000,
      });
    const before = server.received.length;
    const { seconds } = await take(
      stack,
      "refresh",
      "--yes",
      "--skip-preview",
      "--expect-no-changes",
    );
    return { seconds, requests: server.received.length - before };
  } finally {
    await stack.remove();
    await server.stop();
  }
}

/**
 * Refresh of many EnableX customers whose server takes its time: requests and seconds,
 * against one GET each.
 */
export async function enablexRefresh(customers: number, runs: number): Promise<string> {
  const table = new Table({
    head: [`refresh of ${customers}`, "requests", "seconds"],
    style: { head: [], border: [] },
  });
  for (const { variant, figures } of await interleave(variants, runs, (variant) =>
    measure(variant, customers),
  )) {
    table.push([
      variant.name,
      median(figures.map(({ requests }) => requests)).toString(),
      median(figures.map((figure) => figure.seconds)).toFixed(2),
    ]);
  }
  return `EnableX customers, ${latencyMs} ms of server latency, 16 calls at once: median of ${runs} runs.\n${table}`;
}
