import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { netsapiensServer } from "../../sandbox/netsapiens/server.ts";
import { chromiumPath } from "../../tools/chromium.ts";
import { hangLimit } from "../hang-limit.ts";

let server: ReturnType<typeof netsapiensServer>;
beforeEach(async () => {
  server = netsapiensServer();
  await server.start();
});
afterEach(() => server.stop());

const grant = async (clientId: string, clientSecret: string) =>
  (
    await fetch(`${server.url}/ns-api/v2/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        grant_type: "password",
        client_id: clientId,
        client_secret: clientSecret,
        username: "api@acme",
        password: "Sandbox-api-1",
      }),
    })
  ).status;

const done = () =>
  server.state.portalLog.map((event) =>
    "clientId" in event ? `${event.did} ${event.clientId}` : event.did,
  );

describe("without a browser", () => {
  let cookie: string;
  const visit = async (page: string, form?: Record<string, string>) => {
    const answer = await fetch(`${server.url}/SiPbx/${page}`, {
      redirect: "manual",
      headers: { cookie },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    return {
      status: answer.status,
      to: answer.headers.get("location"),
      text: await answer.text(),
      cookie: answer.headers.get("set-cookie"),
    };
  };
  const logIn = async () => {
    const answer = await visit("adminlogin.php", {
      LoginUsername: "superuser",
      LoginPassword: "Sandbox-portal-1",
    });
    cookie = answer.cookie?.split(";")[0] ?? "";
    return answer;
  };
  const formKey = () => Object.values(server.state.sessions)[0]!.formKey;
  beforeEach(() => {
    cookie = "";
  });

  it("every page leads a stranger to the login, and a wrong password stays there", async () => {
    for (const page of [
      "",
      "home.php",
      "system.php",
      "settings.php",
      "clients.php",
      "listing.php?of=logs",
    ]) {
      expect(await visit(page)).toMatchObject({ status: 303, to: "/SiPbx/adminlogin.php" });
    }
    const wrong = await visit("adminlogin.php", { LoginUsername: "superuser", LoginPassword: "x" });
    expect(wrong).toMatchObject({ status: 200, cookie: null });
    expect(wrong.text).toMatch(/role="alert">Invalid login name or password/);
    expect(await logIn()).toMatchObject({ status: 303, to: "/SiPbx/home.php" });
    expect((await visit("home.php")).status).toBe(200);
    await visit("logout.php");
    expect((await visit("home.php")).to).toBe("/SiPbx/adminlogin.php?expired=1");
    expect(done()).toEqual(["failed to log in", "logged in", "logged out"]);
  });

  it("a client is created only by the portal's own form, which keeps the posted values", async () => {
    await logIn();
    expect(
      (await visit("clients.php", { action: "create", client_id: "forged", redirect_url: "" }))
        .status,
    ).toBe(403);
    await visit("clients.php", {
      action: "create",
      formKey: formKey(),
      client_id: "made",
      redirect_url: "",
    });
    await visit("clients.php", {
      action: "create",
      formKey: formKey(),
      client_id: "redirected",
      redirect_url: "https://x",
    });
    expect(server.state.portalLog.slice(1)).toMatchObject([
      { did: "created", clientId: "made", redirectUrl: "" },
      { did: "created", clientId: "redirected", redirectUrl: "https://x" },
    ]);
    const created = Object.values(server.state.clients).find(
      (client) => client.clientId === "made",
    )!;
    expect(await grant("made", created.clientSecret)).toBe(200);
    expect((await visit("clients.php")).text).toContain(created.clientSecret);
  });

  it("a Client ID is wanted, and wanted once, unless duplicates are allowed", async () => {
    await logIn();
    const create = (client_id: string) =>
      visit("clients.php", { action: "create", formKey: formKey(), client_id, redirect_url: "" });
    expect((await create(" ")).text).toMatch(/role="alert">A Client ID is required/);
    expect((await create("existing-client")).text).toMatch(
      /role="alert">This Client ID is already in use/,
    );
    server.setOptions({ duplicateNames: true });
    expect((await create("existing-client")).status).toBe(303);
    expect(Object.values(server.state.clients).map((client) => client.clientId)).toEqual([
      "existing-client",
      "existing-client",
    ]);
  });

  it("texts are escaped", async () => {
    await logIn();
    await visit("clients.php", {
      action: "create",
      formKey: formKey(),
      client_id: '<b>"x"</b>',
      redirect_url: "",
    });
    expect((await visit("clients.php")).text).toContain("&lt;b&gt;&quot;x&quot;&lt;/b&gt;");
  });

  it("a new row may be left out of some displays of the list", async () => {
    server.setOptions({ rowUnseenFor: 2 });
    await logIn();
    await visit("clients.php", {
      action: "create",
      formKey: formKey(),
      client_id: "late",
      redirect_url: "",
    });
    const seen: boolean[] = [];
    for (let display = 0; display < 4; display++)
      seen.push((await visit("clients.php")).text.includes("<td>late</td>"));
    expect(seen).toEqual([false, false, true, true]);
  });

  it("a session ends once at the chosen step, before anything is changed", async () => {
    await logIn();
    const key = formKey();
    server.setOptions({ logOutOnceAt: "create" });
    expect((await visit("clients.php")).status).toBe(200);
    const create = () =>
      visit("clients.php", { action: "create", formKey: key, client_id: "new", redirect_url: "" });
    expect((await create()).to).toBe("/SiPbx/adminlogin.php?expired=1");
    expect(Object.keys(server.state.clients)).toEqual(["1"]);
    await logIn();
    expect(
      (
        await visit("clients.php", {
          action: "create",
          formKey: formKey(),
          client_id: "new",
          redirect_url: "",
        })
      ).to,
    ).toBe("/SiPbx/clients.php");
  });

  it("the portal may be closed to the network while the API is open", async () => {
    server.setOptions({ portal: "closed" });
    expect((await visit("adminlogin.php")).status).toBe(403);
    expect(await grant("existing-client", "Sandbox-secret-1")).toBe(200);
  });

  it("secrets may be kept out of the list", async () => {
    await logIn();
    server.setOptions({ secrets: "absent" });
    const list = await visit("clients.php");
    expect(list.text).toContain("existing-client");
    expect(list.text).not.toContain("Sandbox-secret-1");
    expect(list.text).not.toContain("Client Secret");
    expect((await visit("clients.php?action=secret&row=1")).status).toBe(404);
  });
});

describe("with a browser", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await playwright.launch({
      executablePath: await chromiumPath(),
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(hangLimit);
  });
  afterEach(() => page.context().close());

  /** Walks the path of the guide to the list of clients, by what a person sees. */
  async function walk(): Promise<void> {
    await page.goto(`${server.url}/SiPbx/adminlogin.php`);
    await page.getByLabel("Login Name").fill("superuser");
    await page.getByLabel("Password").fill("Sandbox-portal-1");
    await page.getByRole("button", { name: "Log In" }).click();
    await page.getByRole("link", { name: "System", exact: true }).click();
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByRole("tab", { name: "Advanced", exact: true }).click();
    await page.getByRole("link", { name: "OAuth Clients" }).click();
  }
  async function add(clientId: string): Promise<void> {
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByLabel("Client ID").fill(clientId);
    await page.getByRole("button", { name: "Create" }).click();
  }
  const row = (clientId: string) =>
    page.getByRole("row").filter({ has: page.getByRole("cell", { name: clientId, exact: true }) });

  it("the guide's steps create a client with a listed, working secret, and Delete removes it", async () => {
    await walk();
    await add("xima-acme");
    const secret = (await row("xima-acme").getByRole("cell").nth(1).textContent()) ?? "";
    expect(await grant("xima-acme", secret)).toBe(200);

    page.once("dialog", (dialog) => dialog.dismiss());
    await row("xima-acme").getByRole("button", { name: "Delete" }).click();
    expect(await grant("xima-acme", secret)).toBe(200);
    page.once("dialog", (dialog) => dialog.accept());
    await row("xima-acme").getByRole("button", { name: "Delete" }).click();
    await page.getByText("OAuth client deleted.").waitFor();
    expect(await row("xima-acme").count()).toBe(0);
    expect(await grant("xima-acme", secret)).toBe(401);
    expect(done()).toEqual(["logged in", "created xima-acme", "deleted xima-acme"]);
  });

  it("shows a slow scripted list, a row after a reload, a masked secret and a confirmation page", async () => {
    server.setOptions({
      slowListMs: 300,
      rowsByScript: true,
      rowUnseenFor: 1,
      secrets: "masked",
      confirmation: "page",
    });
    await walk();
    await page.getByText("Loading").waitFor();
    await add("xima-acme");
    await row("existing-client").waitFor();
    expect(await row("xima-acme").count()).toBe(0);
    await page.reload();
    await row("xima-acme").waitFor();
    const code = row("xima-acme").locator("code");
    expect(await code.textContent()).toBe("••••••••");
    const shown = page.waitForResponse(/action=secret/);
    await row("xima-acme").getByRole("button", { name: "Show" }).click();
    const secret = await (await shown).text();
    await code.getByText(secret).waitFor();
    expect(await grant("xima-acme", secret)).toBe(200);

    await row("xima-acme").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Yes" }).click();
    await page.getByText("OAuth client deleted.").waitFor();
    expect(await grant("xima-acme", secret)).toBe(401);
  });

  it("configured labels are on the pages", async () => {
    server.setOptions({
      labels: { "Log In": "Sign in", "OAuth Clients": "API Applications", Add: "New" },
    });
    await page.goto(`${server.url}/SiPbx/adminlogin.php`);
    await page.getByLabel("Login Name").fill("superuser");
    await page.getByLabel("Password").fill("Sandbox-portal-1");
    expect(await page.getByRole("button", { name: "Log In" }).count()).toBe(0);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.goto(`${server.url}/SiPbx/settings.php`);
    expect(await page.getByRole("link", { name: "API Applications" }).isVisible()).toBe(false);
    await page.getByRole("tab", { name: "Advanced" }).click();
    await page.getByRole("link", { name: "API Applications" }).click();
    await page.getByRole("button", { name: "New", exact: true }).click();
    expect(await page.getByLabel("Redirect URL").inputValue()).toBe("");
  });
});
