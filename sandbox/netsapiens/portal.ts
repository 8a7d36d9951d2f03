/** The admin portal below `/SiPbx/`: who is logged in, what each page does, and a log of both. */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { html, type Reply, type SandboxRequest } from "../http-types.ts";
import type { NetsapiensServer, PortalStep } from "./options.ts";
import {
  clientRows,
  clientsPage,
  clientsPager,
  confirmPage,
  forbiddenPage,
  homePage,
  loginPage,
  otherPage,
  settingsPage,
  systemPage,
  type View,
} from "./pages.ts";
import type { Client } from "./state.ts";

const cookieName = "SIPBXADMIN";

export async function answerPortal(
  request: SandboxRequest,
  server: NetsapiensServer,
): Promise<Reply> {
  if (server.options.portal === "closed") return html(403, forbiddenPage());
  const name = request.path.slice("/SiPbx/".length);
  if (name === "adminlogin.php") return logIn(request, server);
  return new Visit(request, server).answer(name);
}

function logIn(request: SandboxRequest, server: NetsapiensServer): Reply {
  const { state, options } = server;
  const say: View["say"] = (label) => options.labels[label] ?? label;
  if (request.method !== "POST") {
    return html(
      200,
      loginPage(
        { say },
        request.query.has("expired") ? "Your session has expired. Please log in again." : undefined,
      ),
    );
  }
  const form = new URLSearchParams(request.body);
  const admin = form.get("LoginUsername") ?? "";
  const right =
    Object.hasOwn(state.admins, admin) && state.admins[admin] === form.get("LoginPassword");
  state.portalLog.push({
    at: new Date().toISOString(),
    admin,
    did: right ? "logged in" : "failed to log in",
  });
  if (!right) return html(200, loginPage({ say }, "Invalid login name or password."));
  const cookie = randomBytes(16).toString("hex");
  state.sessions[cookie] = { admin, formKey: randomBytes(8).toString("hex") };
  return seeOther("home.php", {
    "set-cookie": `${cookieName}=${cookie}; Path=/SiPbx/; HttpOnly; SameSite=Lax`,
  });
}

/** One request of a browser for a page behind the login. */
class Visit {
  readonly request: SandboxRequest;
  readonly server: NetsapiensServer;
  readonly cookie: string;

  constructor(request: SandboxRequest, server: NetsapiensServer) {
    this.request = request;
    this.server = server;
    this.cookie =
      new RegExp(`(?:^|;\\s*)${cookieName}=([0-9a-f]+)`).exec(request.headers.cookie ?? "")?.[1] ??
      "";
  }

  get session() {
    return this.server.state.sessions[this.cookie];
  }

  async answer(name: string): Promise<Reply> {
    const { request, server } = this;
    if (this.session === undefined) return this.#strangers();
    const step = this.#step(name);
    if (step !== undefined && step === server.options.logOutOnceAt) {
      server.state.portalLog.push({
        at: new Date().toISOString(),
        admin: this.session.admin,
        did: "lost the session",
      });
      delete server.state.sessions[this.cookie];
      server.setOptions({ logOutOnceAt: undefined });
      return this.#strangers();
    }
    switch (name) {
      case "":
      case "home.php":
        return html(200, homePage(this.#view()));
      case "system.php":
        return html(200, systemPage(this.#view()));
      case "settings.php":
        return html(200, settingsPage(this.#view()));
      case "listing.php": {
        const of = request.query.get("of") ?? "";
        return html(200, otherPage(this.#view(), of.charAt(0).toUpperCase() + of.slice(1)));
      }
      case "clients.php":
        return request.method === "POST"
          ? this.#post(new URLSearchParams(request.body))
          : this.#clients(request.query.get("action"));
      case "logout.php":
        server.state.portalLog.push({
          at: new Date().toISOString(),
          admin: this.session.admin,
          did: "logged out",
        });
        delete server.state.sessions[this.cookie];
        return seeOther("adminlogin.php");
      default:
        return html(404, "<!doctype html>\n<title>404 Not Found</title><h1>Not Found</h1>\n");
    }
  }

  /** Which of the steps at which a session can be made to end this request is. */
  #step(name: string): PortalStep | undefined {
    if (name === "home.php") return "home";
    if (name === "system.php") return "system";
    if (name === "settings.php") return "settings";
    if (name !== "clients.php") return undefined;
    const action =
      this.request.method === "POST"
        ? new URLSearchParams(this.request.body).get("action")
        : this.request.query.get("action");
    return action === "create" || action === "secret" || action === "delete" ? action : "clients";
  }

  /** To the login page; a script's own request is just refused. */
  #strangers(): Reply {
    const byScript = this.request.query.get("action") !== null;
    return byScript
      ? { status: 401 }
      : seeOther(this.cookie === "" ? "adminlogin.php" : "adminlogin.php?expired=1");
  }

  /** Takes the notice with it, which is shown once. */
  #view(): View {
    const { options } = this.server;
    const session = this.session!;
    const { notice } = session;
    delete session.notice;
    const { secrets, confirmation, labels } = options;
    return {
      say: (label) => labels[label] ?? label,
      admin: session.admin,
      formKey: session.formKey,
      notice,
      secrets,
      confirmation,
    };
  }

  async #clients(
    action: string | null,
    refused?: Parameters<typeof clientsPage>[3],
  ): Promise<Reply> {
    const { options, state } = this.server;
    if (action === "secret") {
      const client = state.clients[this.request.query.get("row") ?? ""];
      if (client === undefined || options.secrets !== "masked") return { status: 404 };
      this.#log("looked at the secret of", client);
      return {
        status: 200,
        headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
        body: client.clientSecret,
      };
    }
    const byScript = options.rowsByScript;
    if (action !== "rows" && byScript)
      return html(200, clientsPage(this.#view(), undefined, "", refused));
    // Looked up before the wait, so that what is made meanwhile (by a visitor who did not
    // wait) has not been displayed.
    const { clients, pager } = this.#shown();
    if (options.slowListMs > 0) await pause(options.slowListMs, undefined, { ref: false });
    // The session may have ended while the list was slow.
    if (this.session === undefined) return this.#strangers();
    const view = this.#view();
    const rows = clientRows(view, clients);
    return html(200, action === "rows" ? rows : clientsPage(view, rows, pager, refused));
  }

  /** The clients of this display of the list, or of the page of it that is wanted. */
  #shown(): { clients: [string, Client][]; pager: string } {
    const { rowsPerPage: perPage, pager: kind } = this.server.options;
    const all = this.#displayed();
    if (perPage === 0) return { clients: all, pager: "" };
    const page = Number(this.request.query.get("page") ?? 1);
    return {
      clients: all.slice((page - 1) * perPage, page * perPage),
      pager: clientsPager({ kind, page, perPage, clients: all.length }),
    };
  }

  /** A new client may be left out for some displays. */
  #displayed(): [string, Client][] {
    return Object.entries(this.server.state.clients).filter(([, client]) => {
      if (client.unseenFor === undefined) return true;
      client.unseenFor -= 1;
      if (client.unseenFor <= 0) delete client.unseenFor;
      return false;
    });
  }

  #post(form: URLSearchParams): Reply | Promise<Reply> {
    if (form.get("formKey") !== this.session!.formKey) return html(403, forbiddenPage());
    if (form.get("action") === "create") return this.#create(form);
    if (form.get("action") === "delete") return this.#delete(form);
    return html(400, "<!doctype html>\n<title>400 Bad Request</title><h1>Bad Request</h1>\n");
  }

  #create(form: URLSearchParams): Reply | Promise<Reply> {
    const { state, options } = this.server;
    const clientId = (form.get("client_id") ?? "").trim();
    const redirectUrl = form.get("redirect_url") ?? "";
    const taken = Object.values(state.clients).some((client) => client.clientId === clientId);
    const error =
      clientId === ""
        ? "A Client ID is required."
        : taken && !options.duplicateNames
          ? "This Client ID is already in use."
          : undefined;
    const client: Client = {
      clientId,
      clientSecret: randomBytes(16).toString("hex"),
      redirectUrl,
      createdAt: new Date(this.server.now()).toISOString(),
      ...(options.rowUnseenFor > 0 ? { unseenFor: options.rowUnseenFor } : {}),
    };
    this.#log(error === undefined ? "created" : "failed to create", client);
    if (error !== undefined) return this.#clients(null, { error, clientId, redirectUrl });
    state.clients[String(state.nextRow++)] = client;
    this.session!.notice = "OAuth client created.";
    return seeOther("clients.php");
  }

  #delete(form: URLSearchParams): Reply {
    const row = form.get("row") ?? "";
    const client = this.server.state.clients[row];
    if (client === undefined) {
      this.session!.notice = "That OAuth client does not exist any more.";
      return seeOther("clients.php");
    }
    if (form.get("confirmed") !== "1") return html(200, confirmPage(this.#view(), row, client));
    this.#log("deleted", client);
    delete this.server.state.clients[row];
    this.session!.notice = "OAuth client deleted.";
    return seeOther("clients.php");
  }

  #log(
    did: "created" | "failed to create" | "looked at the secret of" | "deleted",
    { clientId, redirectUrl }: Client,
  ): void {
    const entry = { at: new Date().toISOString(), admin: this.session!.admin, clientId };
    if (did === "created" || did === "failed to create")
      this.server.state.portalLog.push({ ...entry, did, redirectUrl });
    else this.server.state.portalLog.push({ ...entry, did });
  }
}

const seeOther = (page: string, headers: Record<string, string> = {}): Reply => ({
  status: 303,
  headers: { location: `/SiPbx/${page}`, ...headers },
});
