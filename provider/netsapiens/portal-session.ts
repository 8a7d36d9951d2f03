import type { Browser, BrowserContext, Dialog, Locator, Page, Request } from "playwright-core";
import { isEqual } from "../runtime/equality.ts";
import { steps } from "../runtime/errors.ts";
import { printableWords } from "../runtime/printable.ts";
import { type ClientList, isWholeList } from "./client-list.ts";
import { type CreateOutcome, createOutcome } from "./create-outcome.ts";
import { PortalError, SessionLost } from "./errors.ts";
import {
  alerts,
  type ClientRow,
  type ClientsPage,
  type Pager,
  readClients,
  readPager,
  visibleLabels,
} from "./page-scripts.ts";
import { type PortalLabel, type PortalLabels, portalUrl } from "./portal-labels.ts";
import { singlePost } from "./single-post.ts";

export interface PortalLogin {
  /** Origin of the portal. */
  readonly apiUrl: string;
  readonly username: string;
  readonly password: string;
  readonly labels: PortalLabels;
  /** Milliseconds that one step may take. */
  readonly patience: number;
}

/**
 * What was done, for who reads the trace of a failed walk; never what was typed into a
 * field for a password.
 */
export interface TraceEntry {
  readonly at: string;
  readonly step: string;
  readonly page: string;
}

/** More than any list has: a control that leads in a circle must not be followed for ever. */
const mostPages = 200;

/** A secret that the page shows as dots. */
const dots = /^[•●∙·*.\s]+$/;

/**
 * One login at one portal, in one tab. Its markup is not public, so every control is
 * found by the text that a person sees and by its role, as the guide names it; nothing
 * depends on ids, classes or addresses.
 */
export class PortalSession {
  readonly page: Page;
  readonly trace: TraceEntry[] = [];
  readonly #login: PortalLogin;
  readonly #context: BrowserContext;
  #step = "open the portal";
  /** Address of the list, once it was reached by the menu: the way to look again. */
  #list: string | undefined;
  /** Path of the login page, once it was seen. */
  #loginPath = "";

  private constructor(login: PortalLogin, context: BrowserContext, page: Page) {
    this.#login = login;
    this.#context = context;
    this.page = page;
  }

  static async open(browser: Browser, login: PortalLogin): Promise<PortalSession> {
    const context = await browser.newContext({
      locale: "en-US",
      acceptDownloads: false,
      serviceWorkers: "block",
      viewport: { width: 1280, height: 900 },
    });
    context.setDefaultTimeout(login.patience);
    return new PortalSession(login, context, await context.newPage());
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** Whether the tab can still be used. */
  get isOpen(): boolean {
    return !this.page.isClosed();
  }

  /** Of the portal; the tab may be led elsewhere. */
  get origin(): string {
    return this.#login.apiUrl;
  }

  /** Waits for what a page answers: it never does while one of its scripts does not end. */
  async answer<T>(question: Promise<T>): Promise<T> {
    const { patience } = this.#login;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const reason = `the page did not answer within ${patience / 1000} s`;
        reject(new PortalError("PORTAL_FAILED", reason, "run the command again"));
      }, patience);
    });
    try {
      return await Promise.race([question, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What was being done last. */
  get step(): string {
    return this.#step;
  }

  /** The next look begins with the login page. */
  forgetLogin(): void {
    this.#list = undefined;
  }

  /**
   * Shows the list of clients again, and goes through its pages until one has a client, or
   * through all of them. The tab stays at the last page that was read.
   */
  async look(clientId?: string): Promise<ClientList> {
    if (this.#list === undefined) await this.#walkToList();
    else await this.#goto("open the list of OAuth clients", this.#list);
    let page: ClientsPage | undefined = await this.#firstPage(clientId);
    const rows: ClientRow[] = [];
    let [pages, entries] = [0, 0];
    let first: Pager | undefined;
    while (page) {
      rows.push(...page.rows);
      if (clientId !== undefined && rows.length > 0) break;
      pages += 1;
      entries += page.ids.length;
      const last = await this.#pager();
      first ??= last;
      if (!last.hasNext || pages === mostPages)
        return { rows, isWhole: isWholeList({ pages, entries, first, last }) };
      page = await this.#turn(page, clientId);
    }
    return { rows, isWhole: false };
  }

  /** That it has no more rows is known only when nothing more is being loaded. */
  async #firstPage(clientId?: string): Promise<ClientsPage> {
    this.#begin("read the list of OAuth clients");
    let settled = false;
    void this.#settle().then(() => {
      settled = true;
    });
    return this.#poll("clientId", async () => {
      const wasSettled = settled;
      const page = await this.#read(clientId);
      const isFound = clientId !== undefined && page !== undefined && page.rows.length > 0;
      return isFound || wasSettled ? page : undefined;
    });
  }

  /** Shows the following page; undefined when the list does not change. */
  async #turn({ ids }: ClientsPage, clientId?: string): Promise<ClientsPage | undefined> {
    this.#begin("turn the page of the list");
    await this.#leave(this.page.locator("[data-ucaas-next]"));
    const deadline = Date.now() + this.#login.patience / 2;
    const found = await this.#poll("clientId", async () => {
      const page = await this.#read(clientId);
      const isOther = page !== undefined && page.ids.length > 0 && !isEqual(page.ids, ids);
      if (isOther) return page;
      return Date.now() > deadline ? "unchanged" : undefined;
    });
    return found === "unchanged" ? undefined : found;
  }

  #pager(): Promise<Pager> {
    return this.answer(this.page.evaluate(readPager, { nextLabels: [...this.#login.labels.next] }));
  }

  /** Adds a client; `clicking` is awaited right before the click that makes it. */
  async add(clientId: string, clicking: () => Promise<void>): Promise<CreateOutcome> {
    await this.#click("add");
    await this.#fill("clientId", clientId);
    // It is to stay blank (guide), so a form that names it differently is no obstacle.
    const redirectUrl = await this.#visible("redirectUrl");
    if (redirectUrl) await redirectUrl.fill("");
    const create = await this.#control("create");
    const before = await this.#alerts();
    await this.#tryClick(create);
    await clicking();
    const replies = await singlePost(this.page, this.origin, () => this.#leave(create));
    const after = await this.#alerts().catch(() => "");
    const words = after === before ? "" : after;
    const showsForm = await this.#showsForm(clientId).catch(() => false);
    return createOutcome(replies, { words, showsForm }, this.#loginPath);
  }

  /** Whether the page has a form with this client ID typed in. */
  async #showsForm(clientId: string): Promise<boolean> {
    const field = await this.#visible("clientId");
    return field !== undefined && (await this.answer(field.inputValue())) === clientId;
  }

  async #alerts(): Promise<string> {
    return printableWords(await this.answer(this.page.evaluate(alerts)), 300);
  }

  /**
   * The secret of a row, which may be behind a control that shows it; undefined when the
   * page does not tell.
   */
  async secretOf(row: ClientRow, clientId: string): Promise<string | undefined> {
    if (row.secret === undefined) return undefined;
    if (row.secret !== "" && !dots.test(row.secret)) return row.secret;
    const show = await this.#inRow(row, "show");
    if (!show) return undefined;
    this.#begin(`show the secret of ${clientId}`);
    await show.click({ timeout: this.#login.patience });
    return this.#poll("clientSecret", async () => {
      const page = await this.#read(clientId);
      const shown = page?.rows.find(({ selector }) => selector === row.selector)?.secret;
      return shown && !dots.test(shown) ? shown : undefined;
    });
  }

  /**
   * Deletes the client of a row, and answers yes however the portal asks; `clicking` is
   * awaited right before the click.
   */
  async delete(row: ClientRow, clientId: string, clicking: () => Promise<void>): Promise<void> {
    this.#begin(`delete ${clientId}`);
    const control = await this.#inRow(row, "delete");
    if (!control) throw await this.#notFound("delete");
    await this.#tryClick(control);
    await clicking();
    const accept = (dialog: Dialog) => void dialog.accept().catch(() => {});
    this.page.on("dialog", accept);
    try {
      await this.#leave(control);
      const left = await this.#read(clientId);
      if (left?.rows.length === 0) return;
      const confirm = await this.#visible("confirm");
      if (confirm) await this.#leave(confirm);
    } finally {
      this.page.off("dialog", accept);
    }
  }

  /** What a person sees of the page, for an error. */
  labelsSeen(): Promise<string[]> {
    return this.answer(this.page.evaluate(visibleLabels)).catch(() => []);
  }

  #read(clientId?: string): Promise<ClientsPage | undefined> {
    const { labels } = this.#login;
    return this.answer(
      this.page.evaluate(readClients, {
        clientId,
        idLabels: [...labels.clientId],
        secretLabels: [...labels.clientSecret],
      }),
    );
  }

  async #walkToList(): Promise<void> {
    await this.#goto("open the login page", portalUrl(this.#login.apiUrl));
    await this.#logIn();
    await this.#click("system");
    await this.#click("settings");
    await this.#click("advanced");
    const before = this.page.url();
    await this.#click("oauthClients");
    await this.#poll("clientId", () => this.#read(""));
    const after = this.page.url();
    // A portal that changes the page without changing the address is walked by its menu each time.
    this.#list = after === before ? undefined : after;
  }

  async #logIn(): Promise<void> {
    const { username, password, apiUrl } = this.#login;
    const name = await this.#control("loginName");
    const { origin } = new URL(this.page.url());
    if (origin !== apiUrl) {
      throw new PortalError(
        "PORTAL_REDIRECTED",
        `the login page is at ${origin}, and the password is for ${apiUrl}`,
        "declare that host as apiUrl, if it is the right one",
      );
    }
    await name.fill(username);
    await this.#fill("password", password);
    const submit = await this.#control("logIn");
    this.#loginPath = new URL(this.page.url()).pathname;
    const before = await this.#alerts();
    let answered = false;
    let wasInside = false;
    const watch = (request: Request) => {
      if (request.isNavigationRequest() && request.method() === "GET")
        wasInside ||= new URL(request.url()).pathname !== this.#loginPath;
    };
    this.#begin("log in");
    this.page.on("request", watch);
    this.page.once("framenavigated", () => {
      answered = true;
    });
    try {
      await submit.click({ timeout: this.#login.patience });
      await this.#poll("system", async () => {
        if (!(await this.#isAtLogin())) return (await this.#visible("system")) && true;
        // The portal let the user in, and out again at once.
        if (wasInside) throw new SessionLost();
        const said = await this.#alerts();
        if (!answered && said === before) return undefined;
        throw new PortalError(
          "PORTAL_LOGIN_REFUSED",
          `the portal refused the login of ${username}${said ? `: ${said}` : ""}`,
          "check portal.username and portal.password (netsapiens:portalUsername, netsapiens:portalPassword); the password was tried once",
        );
      });
    } finally {
      this.page.off("request", watch);
    }
  }

  async #goto(step: string, url: string): Promise<void> {
    this.#begin(step);
    const { host } = new URL(url);
    const response = await this.page
      .goto(url, { waitUntil: "domcontentloaded", timeout: this.#login.patience })
      .catch((error: Error) => {
        const reason = /net::(\w+)/.exec(error.message)?.[1] ?? "it did not answer in time";
        throw new PortalError(
          "PORTAL_NOT_REACHED",
          `the portal at ${host} could not be opened: ${reason}`,
          "check apiUrl and the network. Chromium takes proxies from HTTPS_PROXY, and private authorities from the system's store",
        );
      });
    const status = response?.status() ?? 200;
    if (status < 400) return;
    if (status >= 500)
      throw new PortalError(
        "PORTAL_NOT_REACHED",
        `the portal at ${host} answered HTTP ${status}`,
        "run the command again",
      );
    throw new PortalError(
      "PORTAL_CLOSED",
      `the portal at ${host} answered HTTP ${status}`,
      [
        "the portal may be closed to this network while the API is open: run where it is open,",
        'or use driver: "existing" with a client that you make by hand',
      ].join(" "),
    );
  }

  async #click(label: PortalLabel): Promise<void> {
    const control = await this.#control(label);
    await control.click({ timeout: this.#login.patience });
  }

  async #fill(label: PortalLabel, text: string): Promise<void> {
    const field = await this.#control(label);
    await field.fill(text);
  }

  /** Nothing is noted for a click that cannot be made. */
  async #tryClick(control: Locator): Promise<void> {
    await control.click({ trial: true, timeout: this.#login.patience });
  }

  /** A click after which the page is another one, or the same one again. */
  async #leave(control: Locator): Promise<void> {
    await control.click({ timeout: this.#login.patience });
    await this.#settle();
  }

  /**
   * Until nothing has been loaded for half a second. A page that never stops loading is
   * waited for half of what a step may take.
   */
  async #settle(): Promise<void> {
    await this.page
      .waitForLoadState("networkidle", { timeout: this.#login.patience / 2 })
      .catch(() => {});
  }

  /** Waits for the control of a label. */
  async #control(label: PortalLabel): Promise<Locator> {
    this.#begin(`${isField(label) ? "fill in" : "choose"} ${quoted(this.#login.labels[label])}`);
    return this.#poll(label, () => this.#visible(label));
  }

  /** Asks until there is an answer; a login page in its place means that the session is over. */
  async #poll<T>(label: PortalLabel, ask: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + this.#login.patience;
    for (;;) {
      try {
        const answer = await ask();
        if (answer !== undefined) return answer;
        if (!atLogin.has(label) && (await this.#isAtLogin())) throw new SessionLost();
      } catch (error) {
        // The page may change under a question; a tab that is gone stays gone.
        if (error instanceof PortalError || this.page.isClosed()) throw error;
      }
      if (Date.now() > deadline) throw await this.#notFound(label);
      await this.page.waitForTimeout(50);
    }
  }

  async #isAtLogin(): Promise<boolean> {
    const hidden = this.page.locator("input[type=password]").filter({ visible: true });
    return (await this.answer(hidden.count())) > 0 && (await this.#visible("logIn")) !== undefined;
  }

  async #visible(label: PortalLabel): Promise<Locator | undefined> {
    for (const text of this.#login.labels[label]) {
      const candidates = isField(label)
        ? fieldsOf(this.page, text)
        : controlsOf(this.page, text, label !== "confirm");
      const found = await this.answer(firstVisible(candidates));
      if (found) return found;
    }
    return undefined;
  }

  async #inRow(row: ClientRow, label: PortalLabel): Promise<Locator | undefined> {
    for (const text of this.#login.labels[label]) {
      const candidates = controlsOf(this.page.locator(row.selector), text, true);
      const found = await this.answer(firstVisible(candidates));
      if (found) return found;
    }
    return undefined;
  }

  async #notFound(label: PortalLabel): Promise<PortalError> {
    const seen = (await this.labelsSeen()).map((text) => `"${text}"`).join(", ") || "none";
    return new PortalError(
      "PORTAL_LABEL_NOT_FOUND",
      `nothing on the page is labelled ${quoted(this.#login.labels[label])}; labels seen: ${seen}`,
      steps(
        `If the portal calls it otherwise, declare portal.labels.${label}.`,
        "If it is not there, give the portal's user the right to it.",
      ),
    );
  }

  #begin(step: string): void {
    this.#step = step;
    const { protocol, origin, pathname } = new URL(this.page.url());
    this.trace.push({
      at: new Date().toISOString(),
      step,
      page: protocol.startsWith("http") ? `${origin}${pathname}` : "",
    });
  }
}

/** Labels that are looked for on the login page itself. */
const atLogin: ReadonlySet<PortalLabel> = new Set<PortalLabel>([
  "loginName",
  "password",
  "logIn",
  "system",
]);

function isField(label: PortalLabel): boolean {
  return (
    label === "loginName" || label === "password" || label === "clientId" || label === "redirectUrl"
  );
}

/**
 * Whole texts only: "Advanced" is not "Advanced Search". Case, blanks and a colon at the
 * end do not count.
 */
function exactly(text: string): RegExp {
  const words = text
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^\\s*${words.join("\\s+")}\\s*[:*]?\\s*$`, "i");
}

/** Controls by role; `orText`: where a menu is made of plain elements, whatever bears the text. */
function controlsOf(within: Page | Locator, text: string, orText: boolean): Locator[] {
  const name = exactly(text);
  const byRole = (["link", "button", "tab", "menuitem"] as const).map((role) =>
    within.getByRole(role, { name }),
  );
  return orText ? [...byRole, within.getByText(name)] : byRole;
}

async function firstVisible(candidates: readonly Locator[]): Promise<Locator | undefined> {
  for (const candidate of candidates) {
    const visible = candidate.filter({ visible: true }).first();
    if ((await visible.count()) > 0) return visible;
  }
  return undefined;
}

/**
 * A field by its label. Old pages have that in a cell of its own, bound to nothing: there
 * the field in the same row counts.
 */
function fieldsOf(page: Page, text: string): Locator[] {
  const name = exactly(text);
  const field = page.locator(
    "input:not([type]), input[type=text], input[type=password], input[type=email], input[type=url]",
  );
  return [
    page.getByLabel(name).and(field),
    page.getByPlaceholder(name),
    page
      .getByText(name)
      .locator("xpath=ancestor::*[self::tr or self::li or self::p or self::div][1]")
      .locator(field),
  ];
}

function quoted(labels: readonly string[]): string {
  return labels.map((label) => `"${label}"`).join(" or ");
}
