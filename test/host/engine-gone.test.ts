import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { dynamicHost } from "./dynamic-host.ts";

test("a provider process without its engine finishes its request, and the next run resumes", async () => {
  const { server, plainConfig } = await licenceServer();
  const journal = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
  const start = () => dynamicHost({ config: plainConfig, env: { UCAAS_JOURNAL_DIR: journal } });
  try {
    const licence = {
      ccId: {
        resellerId: "voicehouse",
        resellerName: "Voicehouse",
        tenantId: "acme",
        tenantName: "Acme",
      },
      professionalSeats: 12,
      __resource: "acme",
    };
    const first = await start();
    server.fault({ kind: "delayAfter", ms: 500, bodyMatches: "professionalSeats" });
    const create = first.create("XimaLicense", licence).catch((error: Error) => error);
    await eventually(() => expect(server.state.customers["voicehouse/acme"]).toBeDefined(), create);
    first.hangUp();
    // It would hang here if the process went on.
    await first.ended;
    await create;

    await using second = await start();
    expect(await second.create("XimaLicense", licence)).toMatchObject({
      id: "voicehouse/acme",
      outs: { professionalSeats: 12 },
    });
  } finally {
    await server.stop();
    rmSync(journal, { recursive: true });
  }
});

test("a provider process whose engine was killed repeats no write beside the next run", async () => {
  const { server, plainConfig } = await licenceServer();
  const journal = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
  try {
    const host = await dynamicHost({ config: plainConfig, env: { UCAAS_JOURNAL_DIR: journal } });
    server.fault({
      kind: "statusAfter",
      status: 503,
      retryAfter: "2",
      bodyMatches: "professionalSeats",
      times: 99,
    });
    const ccId = {
      resellerId: "voicehouse",
      resellerName: "Voicehouse",
      tenantId: "acme",
      tenantName: "Acme",
    };
    const create = host
      .create("XimaLicense", { ccId, professionalSeats: 12, __resource: "acme" })
      .catch((error: Error) => error);
    const writes = () =>
      server.received.filter(({ body }) => body.includes("professionalSeats")).length;
    await eventually(() => expect(writes()).toBe(1), create);
    host.hangUp();
    await host.ended;
    await create;
    expect(writes()).toBe(1);
  } finally {
    await server.stop();
    rmSync(journal, { recursive: true });
  }
});

test("a provider process whose engine dies before a resource was reached ends too", async () => {
  const host = await dynamicHost();
  // The package is loaded, and no handler has run.
  await host.failure(host.create("Elsewhere", {}));
  host.hangUp();
  // It would hang here if the process went on.
  await host.ended;
});
