import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, test as base, describe, expect } from "vitest";
import { closeBrowser } from "../../provider/netsapiens/browser.ts";
import { netsapiensConfig } from "../../provider/netsapiens/config.ts";
import { portalClients } from "../../provider/netsapiens/portal-driver.ts";
import { netsapiensOAuthClientProvider } from "../../provider/netsapiens/provider.ts";
import type {
  OAuthClientInputs,
  OAuthClientOutputs,
  PortalInputs,
} from "../../provider/netsapiens/schema.ts";
import { toSettings } from "../../provider/netsapiens/settings.ts";
import type { CallContext } from "../../provider/runtime/cancellation.ts";
import { readConfig } from "../../provider/runtime/config.ts";
import { PartialFailure, type UcaasError } from "../../provider/runtime/errors.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { chromiumPath } from "../../tools/chromium.ts";
import { failedUpdateElsewhere } from "../runtime/failed-update.ts";
import { plainPortal } from "./plain-portal.ts";
import { type System, system, there } from "./system.ts";

/**
 * Walks wait more than they work, so the tests go side by side; each has a system of its
 * own, and all share the one browser.
 */
const test = base.extend<{ ns: System }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from the pattern.
  ns: async ({}, use) => {
    await using ns = await system();
    await use(ns);
  },
});
afterAll(() => closeBrowser());

const inputs = (
  changes: Partial<OAuthClientInputs> = {},
  portal: PortalInputs = {},
): OAuthClientInputs => ({
  domain: "acme",
  clientId: "xima-acme",
  driver: "portal",
  // On a busy machine the first start of a browser takes longer than a person would wait
  // for a step.
  portal: { stepSeconds: 100, ...portal },
  ...changes,
});
/** A provider as a run has it: nothing is remembered from an earlier one. */
const run = (
  ns: System,
  config: Record<string, string | undefined> = {},
  context?: CallContext,
) => {
  const all: Record<string, string | undefined> = { ...ns.plainConfig, ...config };
  const source = { get: (key: string) => all[key], require: (key: string) => all[key] ?? "" };
  return netsapiensOAuthClientProvider(source, context);
};
const create = (ns: System, changes?: Partial<OAuthClientInputs>, portal?: PortalInputs) =>
  run(ns).create(inputs(changes, portal));
const catchError = async (work: Promise<unknown>): Promise<UcaasError> =>
  (await work.then(
    () => expect.fail("it did not fail"),
    (error) => error,
  )) as UcaasError;
/** As `ucaas journal resolve` does. */
const resolveAll = async (ns: System) => {
  const journal = new Journal({ get: (key) => ns.plainConfig[key] });
  for (const entry of (await journal.list()).entries) await journal.drop(entry);
};
const createdClients = (ns: System) => ns.portalLog().filter((line) => line.startsWith("created"));
const secretIn = (outs: OAuthClientOutputs | undefined) => outs?.bundle.api_client_secret;

describe("a client is created in the portal", { concurrent: true }, () => {
  test("once, with a slow scripted list that hides secrets and shows the new row late", async ({
    ns,
  }) => {
    ns.server.setOptions({
      slowListMs: 200,
      rowsByScript: true,
      secrets: "masked",
      rowUnseenFor: 2,
    });
    const { id, outs } = await create(ns);
    expect(id).toBe(`${new URL(ns.server.url).host}/xima-acme`);
    expect(secretIn(outs)).toBe(ns.client("xima-acme")?.clientSecret);
    expect(outs?.verification.filter(({ status }) => status === "failed")).toEqual([]);
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
    expect(ns.server.state.portalLog.find(({ did }) => did === "created")).toMatchObject({
      redirectUrl: "",
    });
  });

  test.for(["page", "none"] as const)(
    "and deleted there, when the portal asks by %s",
    async (confirmation, { ns }) => {
      ns.server.setOptions({ confirmation });
      const { id, outs } = await create(ns);
      await run(ns).delete(id, outs!);
      expect(ns.client("xima-acme")).toBeUndefined();
      expect(ns.client(there.clientId)).toBeDefined();
      await run(ns).delete(id, outs!);
      expect(ns.portalLog().filter((line) => line.startsWith("deleted"))).toEqual([
        "deleted xima-acme",
      ]);
    },
  );

  test("only if the name is free: an existing client is adopted with its visible secret", async ({
    ns,
  }) => {
    const { outs } = await create(ns, { clientId: there.clientId });
    expect(secretIn(outs)).toBe(there.clientSecret);
    expect(createdClients(ns)).toEqual([]);
  });

  test("only if the name is free: an existing client with a hidden secret is an error", async ({
    ns,
  }) => {
    ns.server.setOptions({ secrets: "absent" });
    const failure = await catchError(create(ns, { clientId: there.clientId }));
    expect(failure).not.toBeInstanceOf(PartialFailure);
    expect(failure).toMatchObject({
      code: "SECRET_NOT_SHOWN",
      hint: expect.stringContaining("declare its secret as clientSecret"),
    });
    expect(createdClients(ns)).toEqual([]);
    expect(
      secretIn(
        (await create(ns, { clientId: there.clientId, clientSecret: there.clientSecret })).outs,
      ),
    ).toBe(there.clientSecret);
  });

  test("is kept when its secret is hidden, and the next up uses the declared secret", async ({
    ns,
  }) => {
    ns.server.setOptions({ secrets: "absent" });
    const failure = (await catchError(create(ns))) as unknown as PartialFailure;
    expect(failure).toBeInstanceOf(PartialFailure);
    expect(failure.message).toContain("SECRET_NOT_SHOWN");
    const { clientSecret } = ns.client("xima-acme")!;
    const { outs } = await run(ns).update(
      failure.id,
      failure.properties as unknown as OAuthClientOutputs,
      inputs({ clientSecret }),
    );
    expect(secretIn(outs)).toBe(clientSecret);
    expect(createdClients(ns)).toHaveLength(1);
  });

  test("and survives a rename: the old resource is deleted after the new one adopts the client", async ({
    ns,
  }) => {
    const { id, outs } = await create(ns);
    const renaming = run(ns);
    await renaming.create(inputs());
    await renaming.delete(id, outs!);
    expect(secretIn(outs)).toBe(ns.client("xima-acme")?.clientSecret);
  });

  test("and survives an interrupted rename in a later run, until the last resource deletes it", async ({
    ns,
  }) => {
    const { id, outs } = await create(ns);
    const { outs: renamed } = await create(ns);
    const later = run(ns);
    expect(await later.diff(id, renamed!, inputs())).toMatchObject({ changes: false });
    await later.delete(id, outs!);
    expect(ns.client("xima-acme")).toBeDefined();
    const { outs: updated } = await later.update(
      id,
      renamed!,
      inputs({ sipProxyServerPort: 5061 }),
    );
    const last = run(ns);
    await last.diff(id, updated!, inputs({ sipProxyServerPort: 5061 }));
    await last.delete(id, updated!);
    expect(ns.client("xima-acme")).toBeUndefined();
  });

  test("and survives a rename whose adoption fails, even if the run continues", async ({ ns }) => {
    const { id, outs } = await create(ns);
    const renaming = run(ns);
    ns.server.setOptions({ secrets: "absent" });
    expect(await catchError(renaming.create(inputs()))).toMatchObject({ code: "SECRET_NOT_SHOWN" });
    expect(await catchError(renaming.delete(id, outs!))).toMatchObject({ code: "TAKE_OVER_OPEN" });
    expect(ns.client("xima-acme")).toBeDefined();
    await run(ns).delete(id, outs!);
    expect(ns.client("xima-acme")).toBeUndefined();
  });

  test("and kept there as well when an earlier release wrote both states", async ({ ns }) => {
    const { id, outs } = await create(ns);
    const { outs: renamed } = await create(ns);
    const [old, current] = [outs!, renamed!].map(
      ({ __claim, ...earlier }: OAuthClientOutputs) => earlier,
    );
    const later = run(ns);
    await later.diff(id, current!, inputs());
    await later.delete(id, old!);
    expect(ns.client("xima-acme")).toBeDefined();
    const { outs: updated } = await run(ns).update(id, current!, inputs());
    const last = run(ns);
    await last.diff(id, updated!, inputs());
    await last.delete(id, updated!);
    expect(ns.client("xima-acme")).toBeUndefined();
  });

  test("run one portal session after the other, with one login for all of them", async ({ ns }) => {
    const provider = run(ns);
    await Promise.all(
      ["a", "b", "c"].map((name) => provider.create(inputs({ clientId: `xima-${name}` }))),
    );
    expect(createdClients(ns).sort()).toEqual([
      "created xima-a",
      "created xima-b",
      "created xima-c",
    ]);
    expect(ns.portalLog().filter((line) => line === "logged in")).toHaveLength(1);
    const walks = ns.server.received.filter(({ path }) => path.startsWith("/SiPbx/"));
    expect(Math.max(...walks.map(({ inFlight }) => inFlight))).toBeLessThanOrEqual(2);
  });
});

test("a portal with another layout works by the same labels: create, adopt and delete", {
  concurrent: true,
}, async ({ ns }) => {
  await using portal = await plainPortal();
  const declared = inputs(
    { apiUrl: portal.url, verify: "off" },
    { username: "admin", password: "Plain-portal-1" },
  );
  const { id, outs } = await run(ns).create(declared);
  expect(secretIn(outs)).toBe("secret-of-xima-acme-");
  expect(secretIn((await run(ns).create(declared)).outs)).toBe("secret-of-xima-acme-");
  await run(ns).delete(id, outs!);
  expect(portal.clients.map((client) => client.id)).toEqual(["somebody-else"]);
});

describe("a session that ends in the middle", { concurrent: true }, () => {
  test.for(["home", "clients", "create", "secret"] as const)(
    "(%s) is started again, and one client is created",
    async (step, { ns }) => {
      ns.server.setOptions({ logOutOnceAt: step, secrets: "masked" });
      const { outs } = await create(ns);
      expect(secretIn(outs)).toBe(ns.client("xima-acme")?.clientSecret);
      expect(createdClients(ns)).toEqual(["created xima-acme"]);
      expect(ns.portalLog().filter((line) => line === "logged in")).toHaveLength(2);
    },
  );

  test("(delete) is started again, and the client is deleted", async ({ ns }) => {
    const { id, outs } = await create(ns);
    ns.server.setOptions({ logOutOnceAt: "delete" });
    await run(ns).delete(id, outs!);
    expect(ns.client("xima-acme")).toBeUndefined();
  });

  test("every time is an error after the second login", async ({ ns }) => {
    ns.server.fault({
      kind: "status",
      status: 303,
      path: "/settings.php",
      headers: { location: "adminlogin.php?expired=1" },
      times: 9,
    });
    expect(await catchError(create(ns))).toMatchObject({ code: "PORTAL_SESSION_LOST" });
    expect(ns.portalLog()).toEqual(["logged in", "logged in"]);
  });
});

describe("a Create whose outcome is not known", { concurrent: true }, () => {
  const isCreate = { method: "POST", path: "/clients.php$", bodyMatches: "action=create" } as const;

  test("is resolved by the list: the new client is used, and no second one is created", async ({
    ns,
  }) => {
    ns.server.setOptions({ duplicateNames: true });
    ns.server.fault({ kind: "cut", ...isCreate });
    const { outs } = await create(ns);
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
    expect(secretIn(outs)).toBe(ns.client("xima-acme")?.clientSecret);
  });

  test("and that is missing in the list stops each up until the journal's entry is resolved", async ({
    ns,
  }) => {
    ns.server.fault({ kind: "cutBefore", ...isCreate, times: 9 });
    expect(await catchError(create(ns))).toMatchObject({ code: "CREATE_UNSETTLED" });
    ns.server.faults.clear();
    expect(await catchError(create(ns))).toMatchObject({
      code: "CREATE_UNSETTLED",
      hint: expect.stringContaining("ucaas journal resolve"),
    });
    expect(createdClients(ns)).toEqual([]);
    await resolveAll(ns);
    await create(ns);
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
  });

  test("is not repeated by the next up when nothing leads to the list's second page", async ({
    ns,
  }) => {
    ns.server.setOptions({ rowsPerPage: 1, pager: "none", duplicateNames: true });
    expect(await catchError(create(ns))).toMatchObject({ code: "CREATE_UNSETTLED" });
    expect(await catchError(create(ns))).toMatchObject({ code: "CREATE_UNSETTLED" });
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
  });

  test("cannot come about while the journal cannot be written: its error has the remedy", async ({
    ns,
  }) => {
    const journalDir = join(ns.evidenceDir, "a-file");
    writeFileSync(journalDir, "");
    const provider = run(ns, { "ucaas:journalDir": journalDir });
    expect(await catchError(provider.create(inputs()))).toMatchObject({
      code: "JOURNAL_UNAVAILABLE",
    });
    expect(createdClients(ns)).toEqual([]);
  });

  test("because the portal refused it has the portal's words, and the next up clicks again", async ({
    ns,
  }) => {
    ns.server.fault({
      kind: "status",
      status: 200,
      headers: { "content-type": "text/html" },
      body: `<p role="alert">Too many clients.</p>
        <label>Client ID <input value="xima-acme"></label>
        <table><tr><th>Client ID</th></tr></table>`,
      ...isCreate,
    });
    expect((await catchError(create(ns))).message).toContain("Too many clients.");
    await create(ns);
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
  });
});

test("adoption lists the clients of all pages, or none where a page cannot be read", {
  concurrent: true,
}, async ({ ns }) => {
  twins(ns);
  ns.client("twin")!.clientId = "first";
  ns.server.setOptions({ rowsPerPage: 1 });
  const config = readConfig(netsapiensConfig, { get: (key) => ns.plainConfig[key] });
  const settings = toSettings(inputs(), config);
  const list = () => portalClients({ ...settings, apiUrl: ns.server.url });
  expect(await list()).toEqual(["first", "twin"]);
  ns.server.setOptions({ pager: "numbers" });
  expect(await catchError(list())).toMatchObject({
    code: "LIST_INCOMPLETE",
    hint: expect.stringContaining("--client"),
  });
});

/** What the journal needs to know of a resource. */
const named = { __stack: "organization/project/stack", __resource: "acme" };

test("a delete that found the portal closed does not keep the client from being declared again", {
  concurrent: true,
}, async ({ ns }) => {
  const { id, outs } = await create(ns, named);
  ns.server.setOptions({ portal: "closed" });
  expect(await catchError(run(ns).delete(id, outs!))).toMatchObject({ code: "PORTAL_CLOSED" });
  expect(await run(ns).diff(id, outs!, inputs(named))).toMatchObject({ changes: false });
});

describe("a client on the second page", { concurrent: true }, () => {
  /** Of a list whose pages cannot be turned. */
  const onSecondPage = async (ns: System, changes: Partial<OAuthClientInputs> = {}) => {
    const created = await create(ns, changes);
    ns.server.setOptions({ rowsPerPage: 1, pager: "numbers", duplicateNames: true });
    return { id: created.id, outs: created.outs! };
  };
  const wrong = { "netsapiens:apiPassword": "Wrong-api-pw-1" };

  test("stays in the state when its grant is refused", async ({ ns }) => {
    const { id, outs } = await onSecondPage(ns);
    ns.server.state.users["api@acme"]!.password = "changed-elsewhere";
    const { id: kept, props } = await run(ns).read(id, outs);
    expect(kept).toBe(id);
    expect(props?.verification[1]).toMatchObject({ status: "failed", code: "GRANT_REFUSED" });
  });

  test("is not made a second time by an update whose grant is refused", async ({ ns }) => {
    const { id, outs } = await onSecondPage(ns);
    const failure = await catchError(run(ns, wrong).update(id, outs, inputs()));
    expect(failure).toBeInstanceOf(PartialFailure);
    expect(failure.message).toContain("VERIFICATION_FAILED");
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
  });

  test("is not made a second time by a create, which says what to do", async ({ ns }) => {
    await onSecondPage(ns);
    expect(await catchError(create(ns))).toMatchObject({
      code: "LIST_INCOMPLETE",
      hint: expect.stringContaining("portal.labels.next"),
    });
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
  });

  test("is not made a second time when its delete was cut off and it is declared again", async ({
    ns,
  }) => {
    const { id, outs } = await onSecondPage(ns, named);
    ns.server.setOptions({ rowsPerPage: 0 });
    ns.server.fault({ kind: "status", status: 403, method: "POST", path: "/clients.php$" });
    expect(await catchError(run(ns).delete(id, outs))).toMatchObject({ code: "DELETE_NOT_DONE" });
    ns.server.setOptions({ rowsPerPage: 1 });
    expect(await catchError(run(ns).diff(id, outs, inputs(named)))).toMatchObject({
      code: "LIST_INCOMPLETE",
      hint: expect.stringMatching(/If you see that .* is still there: ucaas journal resolve \w{8}/),
    });
  });

  test("is not taken out of the state by a delete that cannot find it", async ({ ns }) => {
    const { id, outs } = await onSecondPage(ns);
    expect(await catchError(run(ns).delete(id, outs))).toMatchObject({ code: "LIST_INCOMPLETE" });
    expect(ns.client("xima-acme")).toBeDefined();
  });

  test("is found and deleted where the list has a control for the next page", async ({ ns }) => {
    ns.server.setOptions({ rowsPerPage: 1, duplicateNames: true });
    const { id, outs } = await create(ns);
    await create(ns);
    ns.client("xima-acme")!.clientSecret = "renewed-secret-000001";
    const { props } = await run(ns).read(id, outs!);
    expect(secretIn(props)).toBe("renewed-secret-000001");
    await run(ns).delete(id, props!);
    expect(createdClients(ns)).toEqual(["created xima-acme"]);
    expect(Object.values(ns.server.state.clients)).toMatchObject([{ clientId: there.clientId }]);
    expect(await run(ns).read(id, props!)).toMatchObject({ id: undefined });
  });
});

const twins = (ns: System) => {
  ns.server.state.clients = {
    1: {
      clientId: "twin",
      clientSecret: "secret-of-the-first-1",
      redirectUrl: "",
      createdAt: "2026-01-05T09:00:00.000Z",
    },
    2: {
      clientId: "twin",
      clientSecret: "secret-of-the-second-2",
      redirectUrl: "",
      createdAt: "2026-01-05T09:00:00.000Z",
    },
  };
};

describe("two clients of one name", { concurrent: true }, () => {
  test("are distinguished by the secret: destroy deletes the one that is in the state", async ({
    ns,
  }) => {
    twins(ns);
    const { id, outs } = await create(ns, {
      clientId: "twin",
      clientSecret: "secret-of-the-second-2",
    });
    await run(ns).delete(id, outs!);
    expect(Object.keys(ns.server.state.clients)).toEqual(["1"]);
  });

  test("a destroy that is repeated leaves the other", async ({ ns }) => {
    twins(ns);
    const { id, outs } = await create(ns, {
      clientId: "twin",
      clientSecret: "secret-of-the-second-2",
    });
    await run(ns).delete(id, outs!);
    await run(ns).delete(id, outs!);
    expect(Object.keys(ns.server.state.clients)).toEqual(["1"]);
  });

  test("of which none has the known secret: a destroy deletes neither", async ({ ns }) => {
    twins(ns);
    ns.server.setOptions({ rowsPerPage: 1, pager: "numbers" });
    const { id, outs } = await create(ns, { clientId: "twin" });
    const others = { ...outs!, bundle: { ...outs!.bundle, api_client_secret: "deleted-since-1" } };
    expect(await catchError(run(ns).delete(id, others))).toMatchObject({ code: "LIST_INCOMPLETE" });
    ns.server.setOptions({ rowsPerPage: 0 });
    await run(ns).delete(id, others);
    expect(Object.keys(ns.server.state.clients)).toEqual(["1", "2"]);
  });

  test("are an error without it, and neither is touched", async ({ ns }) => {
    twins(ns);
    expect(await catchError(create(ns, { clientId: "twin" }))).toMatchObject({
      code: "AMBIGUOUS_CLIENT",
    });
    expect(Object.keys(ns.server.state.clients)).toEqual(["1", "2"]);
  });
});

describe("a portal session that fails", { concurrent: true }, () => {
  const folderIn = (error: Error) =>
    /(\/\S*ucaas-portal-\w+)/.exec(error.message)?.[1] ?? expect.fail(error.message);

  test("for a label names the step and the labels found, and the config can set several texts", async ({
    ns,
  }) => {
    ns.server.setOptions({ labels: { "OAuth Clients": "API Applications" } });
    const failure = await catchError(create(ns, {}, { stepSeconds: 20 }));
    expect(failure).toMatchObject({
      code: "PORTAL_LABEL_NOT_FOUND",
      hint: expect.stringContaining("portal.labels.oauthClients"),
    });
    expect(failure.message).toContain(
      `at the step 'choose "OAuth Clients"': nothing on the page is labelled "OAuth Clients"`,
    );
    expect(failure.message).toMatch(
      /labels seen: .*"Advanced".*"UI Configurations", "API Applications", "Certificates"/,
    );
    expect(
      secretIn(
        (await create(ns, {}, { labels: { oauthClients: ["OAuth-Clients", "API Applications"] } }))
          .outs,
      ),
    ).toBe(ns.client("xima-acme")?.clientSecret);
  });

  test("is not led astray by labels that are only alike", async ({ ns }) => {
    // "My Settings" and "Advanced Search" are on the pages; the right ones are not.
    ns.server.setOptions({ labels: { Settings: "Preferences" } });
    expect((await catchError(create(ns, {}, { stepSeconds: 20 }))).message).toContain(
      'nothing on the page is labelled "Settings"',
    );
  });

  test.for([
    ["Client Secret", "letters-only"],
    ["Geheimnis", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
    ["Geheimnis", "letters-only"],
    ["Geheimnis", "short1"],
  ] as const)(
    "keeps a screenshot and a trace without secrets (column %s, secret of another client %s)",
    async ([title, others], { ns }) => {
      ns.server.state.clients.x = {
        clientId: "somebody-else",
        clientSecret: others,
        redirectUrl: "",
        createdAt: "2026-01-05T09:00:00.000Z",
      };
      ns.server.setOptions({ labels: { Add: "Neu", "Client Secret": title } });
      const failure = await catchError(create(ns, {}, { stepSeconds: 20 }));
      const folder = folderIn(failure);
      expect(folder.startsWith(ns.evidenceDir)).toBe(true);
      expect(readdirSync(folder).sort()).toEqual(["page.html", "screenshot.png", "trace.json"]);
      for (const name of readdirSync(folder)) {
        const file = readFileSync(join(folder, name));
        for (const secret of [
          others,
          there.clientSecret,
          there.portalPassword,
          there.apiPassword,
        ]) {
          for (const spelling of [
            secret,
            Buffer.from(secret).toString("base64"),
            encodeURIComponent(secret),
          ])
            expect(file.includes(spelling)).toBe(false);
        }
        expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      }
      const page = readFileSync(join(folder, "page.html"), "utf8");
      expect(page).toContain("Redirect URL");
      expect(page).not.toMatch(/<script|formKey|type="hidden"/);
      expect(
        JSON.parse(readFileSync(join(folder, "trace.json"), "utf8")).map(
          ({ step }: { step: string }) => step,
        ),
      ).toContain('choose "Add"');
      // The picture shows that page and nothing else, so no secret can be read in it either.
      const browser = await chromium.launch({
        executablePath: await chromiumPath(),
        chromiumSandbox: false,
      });
      const copy = await browser.newPage({
        javaScriptEnabled: false,
        viewport: { width: 1280, height: 900 },
      });
      await copy.setContent(page);
      expect(
        (await copy.screenshot({ fullPage: true })).equals(
          readFileSync(join(folder, "screenshot.png")),
        ),
      ).toBe(true);
      await browser.close();
    },
  );

  test("since a page's script never ends, has an end, and keeps the trace of the steps", async ({
    ns,
  }) => {
    const blocking = `const endless = new XMLHttpRequest();
      endless.open("GET", "endless", false);
      endless.send();`;
    ns.server.fault({
      kind: "status",
      status: 200,
      path: "/settings.php",
      headers: { "content-type": "text/html" },
      body: `<p>Loading</p><script>onload = () => setTimeout(() => { ${blocking} })</script>`,
    });
    ns.server.fault({ kind: "hold", path: "/endless", times: 9 });
    const failure = await catchError(create(ns, {}, { stepSeconds: 20 }));
    expect(failure.message).toContain("the page did not answer within 20 s");
    expect(failure).toMatchObject({
      code: "PORTAL_FAILED",
      hint: expect.stringContaining("trace.json, secrets masked: "),
    });
    expect(readdirSync(folderIn(failure))).toEqual(["trace.json"]);
  });

  test("for a wrong password happens once for all resources, and quotes the portal's message", async ({
    ns,
  }) => {
    const provider = run(ns, { "netsapiens:portalPassword": "Wrong-portal-pw" });
    const failures = await Promise.all(
      ["a", "b"].map((name) => catchError(provider.create(inputs({ clientId: `xima-${name}` })))),
    );
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: "PORTAL_LOGIN_REFUSED" });
      expect(failure.message).toContain("Invalid login name or password.");
      expect(failure.message).not.toContain("Wrong-portal-pw");
    }
    expect(ns.portalLog()).toEqual(["failed to log in"]);
    for (const name of readdirSync(folderIn(failures[0]!))) {
      expect(readFileSync(join(folderIn(failures[0]!), name)).includes("Wrong-portal-pw")).toBe(
        false,
      );
    }
  });

  test("since the portal is closed to this network, names the other driver", async ({ ns }) => {
    ns.server.setOptions({ portal: "closed" });
    expect(await catchError(create(ns))).toMatchObject({
      code: "PORTAL_CLOSED",
      hint: expect.stringContaining('driver: "existing"'),
    });
  });

  test("since the portal does not answer, says how the connection failed", async ({ ns }) => {
    ns.server.fault({ kind: "cutBefore", path: "^/SiPbx/", times: 1000 });
    const failure = await catchError(create(ns));
    expect(failure).toMatchObject({ code: "PORTAL_NOT_REACHED" });
    expect(failure.message).toContain("ERR_EMPTY_RESPONSE");
  });

  test("since the portal leads elsewhere, ends before the password is typed", async ({ ns }) => {
    const bodies: string[] = [];
    const elsewhere = createServer((request, response) => {
      request.on("data", (piece) => bodies.push(String(piece)));
      response.setHeader("content-type", "text/html");
      response.end(
        `<form method="post">
          <label>Login Name <input></label>
          <label>Password <input type="password"></label>
          <button>Log In</button>
        </form>`,
      );
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    ns.server.fault({
      kind: "status",
      status: 302,
      path: "/adminlogin.php",
      headers: { location },
    });
    expect(await catchError(create(ns))).toMatchObject({ code: "PORTAL_REDIRECTED" });
    expect(bodies).toEqual([]);
    elsewhere.closeAllConnections();
    elsewhere.close();
  });
});

describe("refresh", { concurrent: true }, () => {
  test("opens no browser while the grant is accepted", async ({ ns }) => {
    const { id, outs } = await create(ns);
    ns.server.received.length = 0;
    const read = await run(ns).read(id, outs!);
    expect(read.props).toEqual(outs);
    expect(ns.server.received.filter(({ path }) => path.startsWith("/SiPbx/"))).toEqual([]);
  });

  test("takes a client out of the state only when the portal's list does not have it", async ({
    ns,
  }) => {
    const { id, outs } = await create(ns);
    ns.server.state.clients = { 1: ns.client(there.clientId)! };
    expect(await run(ns).read(id, outs!)).toMatchObject({ id: undefined });
  });

  test("takes the new secret of a client that was created again elsewhere", async ({ ns }) => {
    const { id, outs } = await create(ns);
    ns.client("xima-acme")!.clientSecret = "renewed-secret-000001";
    const { props } = await run(ns).read(id, outs!);
    expect(secretIn(props)).toBe("renewed-secret-000001");
    expect(props?.verification.filter(({ status }) => status === "failed")).toEqual([]);
    expect(await run(ns).diff(id, props!, inputs())).toMatchObject({ changes: false });
  });

  test("takes that secret by an update too, where an update of another machine failed", async ({
    ns,
  }) => {
    const declared = { ...inputs(), __stack: "shop/live", __resource: "acme" };
    const { id, outs } = await run(ns).create(declared);
    ns.client("xima-acme")!.clientSecret = "renewed-secret-000001";
    const { signal } = new AbortController();
    const ownJournal = { "ucaas:journalDir": join(ns.evidenceDir, "other-journal") };
    const next = run(ns, ownJournal, { signal, updatesOfOthers: failedUpdateElsewhere() });
    await next.check(outs!, declared);
    expect(await next.diff(id, outs!, declared)).toMatchObject({ changes: true, replaces: [] });
    const updated = await next.update(id, outs!, declared);
    expect(secretIn(updated.outs)).toBe("renewed-secret-000001");
  });

  test("keeps the client when the user's login fails, and when the portal cannot be reached", async ({
    ns,
  }) => {
    const { id, outs } = await create(ns);
    ns.server.state.users["api@acme"]!.password = "changed-elsewhere";
    for (const portal of ["open", "closed"] as const) {
      ns.server.setOptions({ portal });
      const { id: kept, props } = await run(ns).read(id, outs!);
      expect(kept).toBe(id);
      expect(props?.verification[1]).toMatchObject({ status: "failed", code: "GRANT_REFUSED" });
      expect(await run(ns).diff(id, props!, inputs())).toMatchObject({
        changes: true,
        replaces: [],
      });
    }
  });
});

test("a portal that the config leaves never receives the password of the new one", {
  concurrent: true,
}, async ({ ns }) => {
  await using other = await system();
  const password = "Password-of-the-new-portal";
  other.server.state.admins.superuser = password;
  const moved = {
    "netsapiens:apiUrl": other.server.url,
    "netsapiens:portalPassword": password,
  };
  const { id, outs } = await create(ns);
  const moving = run(ns, moved);
  await moving.create(inputs());
  expect(await catchError(moving.delete(id, outs!))).toMatchObject({
    code: "PORTAL_LOGIN_MISSING",
  });
  expect(ns.server.received.some(({ body }) => body.includes(password))).toBe(false);

  const login = { portalUsername: "superuser", portalPassword: there.portalPassword };
  const accounts = JSON.stringify({ old: { apiUrl: ns.server.url, ...login } });
  await run(ns, { ...moved, "netsapiens:accounts": accounts }).delete(id, outs!);
  expect(ns.client("xima-acme")).toBeUndefined();
  expect(other.client("xima-acme")).toBeDefined();
});

describe("a client whose portal gets another address", { concurrent: true }, () => {
  /** The same system by its other name. */
  const renamed = (ns: System) => ({
    "netsapiens:apiUrl": ns.server.url.replace("127.0.0.1", "localhost"),
  });
  /** Where the address is declared, and the login alone is in the config. */
  const withoutAddress = { "netsapiens:apiUrl": undefined };
  const at = (config: { "netsapiens:apiUrl": string }, changes: Partial<OAuthClientInputs> = {}) =>
    inputs({ apiUrl: config["netsapiens:apiUrl"], ...changes });

  test.for(["in the config", "on the resource"] as const)(
    "(%s) is kept by the delete at the old one, and works at the new one",
    async (place, { ns }) => {
      const [config, news] =
        place === "in the config" ? [renamed(ns), inputs()] : [withoutAddress, at(renamed(ns))];
      const { id, outs } = await create(ns);
      const moving = run(ns, config);
      expect(await moving.diff(id, outs!, news)).toMatchObject({ replaces: ["apiUrl"] });
      const moved = await moving.create(news);
      expect(secretIn(moved.outs)).toBe(secretIn(outs));
      await moving.delete(id, outs!);
      expect(ns.client("xima-acme")).toBeDefined();
      const { props } = await run(ns, config).read(moved.id, moved.outs);
      expect(props?.verification.filter(({ status }) => status === "failed")).toEqual([]);

      const last = run(ns, config);
      await last.diff(moved.id, moved.outs!, news);
      await last.delete(moved.id, moved.outs!);
      expect(ns.client("xima-acme")).toBeUndefined();
    },
  );

  test("is kept by a later run, when the first one was killed after the create", async ({ ns }) => {
    const { id, outs } = await create(ns);
    const moved = await run(ns, withoutAddress).create(at(renamed(ns)));
    const later = run(ns, withoutAddress);
    await later.diff(moved.id, moved.outs!, at(renamed(ns)));
    await later.delete(id, outs!);
    expect(ns.client("xima-acme")).toBeDefined();
  });

  test("is deleted at the old one when the new one is another system", async ({ ns }) => {
    await using other = await system();
    const config = { ...withoutAddress, "netsapiens:portalPassword": there.portalPassword };
    const { id, outs } = await create(ns);
    const moving = run(ns, config);
    const news = inputs({ apiUrl: other.server.url });
    await moving.diff(id, outs!, news);
    await moving.create(news);
    await moving.delete(id, outs!);
    expect(ns.client("xima-acme")).toBeUndefined();
    expect(other.client("xima-acme")).toBeDefined();
  });

  test("and whose secret the portal hides is kept when the state has another secret", async ({
    ns,
  }) => {
    const { id, outs } = await create(ns);
    ns.server.setOptions({ secrets: "absent" });
    ns.client("xima-acme")!.clientSecret = "Rotated-elsewhere-2";
    for (const earlier of [
      outs!,
      { ...outs!, bundle: { ...outs!.bundle, api_client_secret: undefined } },
    ]) {
      const moving = run(ns, withoutAddress);
      const news = at(renamed(ns), { clientSecret: "Rotated-elsewhere-2" });
      await moving.diff(id, earlier as OAuthClientOutputs, news);
      await moving.create(news);
      expect(await catchError(moving.delete(id, earlier as OAuthClientOutputs))).toMatchObject({
        code: "CLIENT_UNCLEAR",
        hint: expect.stringContaining("delete nothing"),
      });
      expect(ns.client("xima-acme")).toBeDefined();
    }
  });
});

describe("another declared secret", { concurrent: true }, () => {
  const redeclare = async (ns: System) => {
    const before = inputs({
      clientId: there.clientId,
      clientSecret: there.clientSecret,
      verify: "off",
    });
    const { id, outs } = await create(ns, before);
    const another = { ...before, clientSecret: "Another-secret-2" };
    const { inputs: news } = await run(ns).check(before, another);
    const updated = await run(ns).update(id, outs!, news!);
    expect(await run(ns).diff(id, updated.outs!, news!)).toMatchObject({ changes: false });
    return secretIn(updated.outs);
  };

  test("is in the bundle where the portal shows none", async ({ ns }) => {
    ns.server.setOptions({ secrets: "absent" });
    expect(await redeclare(ns)).toBe("Another-secret-2");
  });

  test("changes nothing where the portal shows the client's secret", async ({ ns }) => {
    expect(await redeclare(ns)).toBe(there.clientSecret);
  });
});

describe("an update whose grant is refused", { concurrent: true }, () => {
  test("says so while the portal hides the secret, and not that the secret is hidden", async ({
    ns,
  }) => {
    const { id, outs } = await create(ns);
    ns.server.setOptions({ secrets: "absent" });
    const wrong = { "netsapiens:apiPassword": "Wrong-api-pw-1" };
    const failure = await catchError(run(ns, wrong).update(id, outs!, inputs()));
    expect(failure).toBeInstanceOf(PartialFailure);
    expect(failure.message).toMatch(/VERIFICATION_FAILED.*GRANT_REFUSED/s);
    expect(failure.message).not.toContain("SECRET_NOT_SHOWN");
  });

  test("since the client is gone, says why it cannot be created again", async ({ ns }) => {
    const { id, outs } = await create(ns);
    ns.server.state.clients = {};
    ns.server.fault({ kind: "status", status: 403, method: "POST", path: "/clients.php$" });
    expect(await catchError(run(ns).update(id, outs!, inputs()))).toMatchObject({
      code: "CREATE_REFUSED",
    });
  });
});

test("update creates the client again when it was deleted in the portal", {
  concurrent: true,
}, async ({ ns }) => {
  const { id, outs } = await create(ns);
  ns.server.state.clients = {};
  const updated = await run(ns).update(id, outs!, inputs());
  expect(secretIn(updated.outs)).toBe(ns.client("xima-acme")?.clientSecret);
  expect(secretIn(updated.outs)).not.toBe(secretIn(outs));
});
