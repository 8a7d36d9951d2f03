/**
 * The portal's pages, as an old PHP application renders them: tables, inline scripts,
 * forms that post back to their own page. All functions here only make text.
 */
import type { PortalLabel } from "./options.ts";
import type { Client } from "./state.ts";

/** What a page must know of its visitor and of the switches. */
export interface View {
  /** A label in the words of this portal. */
  say(label: PortalLabel): string;
  admin: string;
  /** Posted back by each form, so that no other site can post it. */
  formKey: string;
  notice?: string | undefined;
  secrets: "shown" | "masked" | "absent";
  confirmation: "dialog" | "page" | "none";
}

const escaped = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[char]!,
  );

const style = `
body { margin: 0; font: 12px Tahoma, Verdana, sans-serif; color: #333; background: #e9edf1; }
a { color: #14568f; }
#top { width: 100%; background: #2c4a68; color: #fff; border-bottom: 3px solid #e08a1e; }
#top td { padding: 10px 14px; } #top a { color: #dfe9f3; margin-left: 12px; }
.bar { background: #d3dce5; border-bottom: 1px solid #aab6c2; margin: 0; padding: 6px 10px; list-style: none; }
.bar li { display: inline-block; } .bar a { padding: 4px 10px; text-decoration: none; color: #23415f; }
.bar a.here { background: #fff; border: 1px solid #aab6c2; font-weight: bold; }
#main { background: #fff; margin: 12px; padding: 14px; border: 1px solid #c3ccd5; min-height: 260px; }
h1 { font-size: 16px; margin: 0 0 12px; color: #2c4a68; }
table.list { border-collapse: collapse; width: 100%; } table.list th { background: #eef2f6; text-align: left; }
table.list th, table.list td { border: 1px solid #c3ccd5; padding: 5px 8px; } table.list tr:nth-child(even) td { background: #f7f9fb; }
caption { text-align: left; font-weight: bold; padding: 4px 0; }
.tabs button { border: 1px solid #aab6c2; background: #e3e9ef; padding: 5px 12px; font: inherit; cursor: pointer; }
.tabs button[aria-selected=true] { background: #fff; border-bottom-color: #fff; font-weight: bold; }
.pane { border: 1px solid #aab6c2; padding: 12px; margin-top: -1px; }
.notice { background: #e6f4e1; border: 1px solid #9cc78c; padding: 6px 10px; margin-bottom: 10px; }
.error { background: #fbe6e3; border: 1px solid #d9958b; padding: 6px 10px; margin-bottom: 10px; }
.dialog { position: absolute; left: 50%; top: 110px; width: 380px; margin-left: -190px;
  background: #fff; border: 2px solid #2c4a68; padding: 14px; box-shadow: 4px 4px 10px #888; }
.buttons { text-align: right; padding-top: 8px; } form.inline { display: inline; } code { font-size: 12px; }
#foot { color: #778; text-align: center; padding: 8px; font-size: 11px; }
`;

const document = (title: string, body: string) => `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)} - SiPbx Admin</title><style>${style}</style></head>
<body>${body}<div id="foot">Admin UI &middot; NetSapiens sandbox</div></body></html>
`;

const message = (kind: "notice" | "error", text: string | undefined) =>
  text === undefined
    ? ""
    : `<div class="${kind}" role="${kind === "error" ? "alert" : "status"}">${escaped(text)}</div>`;

/** A page behind the login: header, main menu, second menu, content. */
function page(view: View, title: string, here: string, submenu: string, content: string): string {
  const menu = ["Home", "Resellers", "Domains", "Users", "Inventory", "Reports"].map((name) =>
    item(
      name === "Home" ? "home.php" : `listing.php?of=${name.toLowerCase()}`,
      name,
      name === here,
    ),
  );
  menu.push(item("system.php", view.say("System"), here === "System"));
  return document(
    title,
    `<table id="top"><tr><td><b>SiPbx Admin UI</b></td><td align="right">${escaped(view.admin)}
<a href="listing.php?of=profile">My Settings</a><a href="logout.php">${escaped(view.say("Log Out"))}</a></td></tr></table>
<ul class="bar" role="navigation" aria-label="Main menu">${menu.join("")}</ul>${submenu}
<div id="main">${message("notice", view.notice)}<h1>${escaped(title)}</h1>${content}</div>`,
  );
}

const item = (href: string, text: string, here: boolean) =>
  `<li><a href="${href}"${here ? ' class="here"' : ""}>${escaped(text)}</a></li>`;

const systemMenu = (view: View, here: string) =>
  `<ul class="bar" role="navigation" aria-label="System menu">${[
    item("system.php", "Overview", here === "Overview"),
    item("listing.php?of=connections", "Connections", false),
    item("settings.php", view.say("Settings"), here === "Settings"),
    item("listing.php?of=logs", "Logs", false),
  ].join("")}</ul>`;

export const loginPage = (view: Pick<View, "say">, error?: string) =>
  document(
    "Login",
    `<div class="dialog">${message("error", error)}<h1>SiPbx Admin UI</h1><form method="post" action="adminlogin.php"><table>
<tr><td><label for="LoginUsername">${escaped(view.say("Login Name"))}</label></td>
<td><input id="LoginUsername" name="LoginUsername" autocomplete="off"></td></tr>
<tr><td><label for="LoginPassword">${escaped(view.say("Password"))}</label></td>
<td><input id="LoginPassword" name="LoginPassword" type="password"></td></tr>
</table><div class="buttons"><input type="submit" value="${escaped(view.say("Log In"))}"></div></form></div>`,
  );

export const homePage = (view: View) =>
  page(
    view,
    "Home",
    "Home",
    "",
    "<p>Welcome. Choose a section from the menu above.</p><p>Active calls: 0 &middot; Registrations: 2</p>",
  );

export const systemPage = (view: View) =>
  page(
    view,
    "System Overview",
    "System",
    systemMenu(view, "Overview"),
    "<p>All services are running.</p>",
  );

/** A page of the portal with nothing in it that matters here. */
export const otherPage = (view: View, name: string) =>
  page(
    view,
    name,
    name,
    "",
    `<p><a href="#">Advanced Search</a> <button type="button">Add ${escaped(name)}</button></p>
<table class="list"><tr><th>Name</th><th>Description</th></tr><tr><td colspan="2">Nothing to show.</td></tr></table>`,
  );

export function settingsPage(view: View): string {
  const tabs = ["General", "SIP", "Media", view.say("Advanced")];
  const panes = [
    "<p>System name: sandbox</p>",
    "<p>SIP port: 5060</p>",
    "<p>Codecs: G.711, G.722</p>",
    `<ul><li><a href="listing.php?of=uiconfig">UI Configurations</a></li>
<li><a href="clients.php">${escaped(view.say("OAuth Clients"))}</a></li>
<li><a href="listing.php?of=certificates">Certificates</a></li></ul>`,
  ];
  return page(
    view,
    "System Settings",
    "System",
    systemMenu(view, "Settings"),
    `<div class="tabs" role="tablist">${tabs
      .map(
        (tab, at) =>
          `<button type="button" role="tab" aria-selected="${at === 0}" onclick="show(${at})">${escaped(tab)}</button>`,
      )
      .join(
        "",
      )}</div>${panes.map((pane, at) => `<div class="pane" role="tabpanel"${at === 0 ? "" : " hidden"}>${pane}</div>`).join("")}
<script>
function show(at) {
  var tabs = document.querySelectorAll("[role=tab]"), panes = document.querySelectorAll("[role=tabpanel]");
  for (var i = 0; i < tabs.length; i++) { tabs[i].setAttribute("aria-selected", i === at); panes[i].hidden = i !== at; }
}
</script>`,
  );
}

/**
 * The list of clients, with the form that adds one; `rows` undefined: the page fetches
 * them itself.
 */
export function clientsPage(
  view: View,
  rows: string | undefined,
  pager: string,
  refused?: { error: string; clientId: string; redirectUrl: string },
): string {
  const columns = [
    view.say("Client ID"),
    ...(view.secrets === "absent" ? [] : [view.say("Client Secret")]),
    view.say("Redirect URL"),
    "Created",
    "Actions",
  ];
  return page(
    view,
    view.say("OAuth Clients"),
    "System",
    systemMenu(view, "Settings"),
    `<p><button type="button" onclick="openForm(true)">${escaped(view.say("Add"))}</button></p>
<table class="list" id="clients"><caption>${escaped(view.say("OAuth Clients"))}</caption>
<thead><tr>${columns.map((column) => `<th scope="col">${escaped(column)}</th>`).join("")}</tr></thead>
<tbody>${rows ?? `<tr><td colspan="${columns.length}">Loading&hellip;</td></tr>`}</tbody></table>
${pager}
<div class="dialog" id="add" role="dialog" aria-labelledby="addTitle"${refused === undefined ? " hidden" : ""}>
<h1 id="addTitle">New OAuth client</h1>${message("error", refused?.error)}
<form method="post" action="clients.php"><input type="hidden" name="action" value="create">
<input type="hidden" name="formKey" value="${view.formKey}"><table>
<tr><td><label for="client_id">${escaped(view.say("Client ID"))}</label></td>
<td><input id="client_id" name="client_id" autocomplete="off"
  value="${escaped(refused?.clientId ?? "")}"></td></tr>
<tr><td><label for="redirect_url">${escaped(view.say("Redirect URL"))}</label></td>
<td><input id="redirect_url" name="redirect_url" autocomplete="off"
  value="${escaped(refused?.redirectUrl ?? "")}"></td></tr>
</table><div class="buttons"><button type="button" onclick="openForm(false)">${escaped(view.say("Cancel"))}</button>
<input type="submit" value="${escaped(view.say("Create"))}"></div></form></div>
<script>
function openForm(open) { document.getElementById("add").hidden = !open; }
function reveal(button) {
  fetch("clients.php?action=secret&row=" + button.value)
    .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(); })
    .then(function (secret) {
      var code = button.parentNode.querySelector("code");
      code.textContent = secret;
      button.remove();
    }, function () { window.location = "adminlogin.php?expired=1"; });
}
function sure(form) {
  var yes = confirm("Delete this OAuth client? Applications that use it will lose access.");
  if (yes) form.confirmed.value = "1";
  return yes;
}
${
  rows === undefined
    ? `fetch("clients.php?action=rows")
  .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(); })
  .then(
    function (rows) { document.querySelector("#clients tbody").innerHTML = rows; },
    function () { window.location = "adminlogin.php?expired=1"; });`
    : ""
}</script>`,
  );
}

/** The part of the list that is shown. */
export interface Part {
  readonly kind: "script" | "numbers" | "none";
  readonly page: number;
  readonly perPage: number;
  readonly clients: number;
}

/** What is below a list of several pages. */
export function clientsPager({ kind, page, perPage, clients }: Part): string {
  const pages = Math.ceil(clients / perPage);
  if (kind === "none" || perPage === 0) return "";
  if (kind === "numbers") {
    const links = Array.from({ length: pages }, (_, at) =>
      at + 1 === page ? `<b>${page}</b>` : `<a href="clients.php?page=${at + 1}">${at + 1}</a>`,
    );
    return `<p class="paging">${links.join(" ")}</p>`;
  }
  return `<div id="pager"><span id="info"></span> <a class="previous" onclick="turn(-1)">Previous</a>
<a class="next" onclick="turn(1)">Next</a></div>
<script>
var at = ${page};
function show() {
  document.getElementById("info").textContent = "Showing " + ((at - 1) * ${perPage} + 1) +
    " to " + Math.min(at * ${perPage}, ${clients}) + " of ${clients} entries";
  document.querySelector("#pager .previous").classList.toggle("disabled", at <= 1);
  document.querySelector("#pager .next").classList.toggle("disabled", at >= ${pages});
}
function turn(step) {
  if (at + step < 1 || at + step > ${pages}) return;
  fetch("clients.php?action=rows&page=" + (at + step)).then(function (answer) { return answer.text(); })
    .then(function (rows) { at += step; document.querySelector("#clients tbody").innerHTML = rows; show(); });
}
show();
</script>`;
}

/** The rows of the list: row number and client. */
export function clientRows(view: View, clients: [string, Client][]): string {
  const columns = view.secrets === "absent" ? 4 : 5;
  if (clients.length === 0)
    return `<tr><td colspan="${columns}">No OAuth clients defined.</td></tr>`;
  return clients
    .map(([row, client]) => {
      const secret =
        view.secrets === "shown"
          ? `<td><code>${escaped(client.clientSecret)}</code></td>`
          : view.secrets === "masked"
            ? `<td><code>&bull;&bull;&bull;&bull;&bull;&bull;&bull;&bull;</code>
<button type="button" value="${row}" onclick="reveal(this)">${escaped(view.say("Show"))}</button></td>`
            : "";
      return `<tr><td>${escaped(client.clientId)}</td>${secret}
<td>${escaped(client.redirectUrl)}</td><td>${client.createdAt.slice(0, 10)}</td>
<td>${deleteForm(view, row, view.say("Delete"), view.confirmation === "none")}</td></tr>`;
    })
    .join("\n");
}

export const confirmPage = (view: View, row: string, client: Client) =>
  page(
    view,
    "Delete OAuth client",
    "System",
    systemMenu(view, "Settings"),
    `<p>Delete the OAuth client <b>${escaped(client.clientId)}</b>? Applications that use it will lose access.</p>
<p>${deleteForm(view, row, view.say("Yes"), true)} <a href="clients.php">${escaped(view.say("No"))}</a></p>`,
  );

function deleteForm(view: View, row: string, label: string, confirmed: boolean): string {
  const asks = !confirmed && view.confirmation === "dialog";
  return `<form class="inline" method="post" action="clients.php"${asks ? ' onsubmit="return sure(this)"' : ""}>
<input type="hidden" name="action" value="delete"><input type="hidden" name="row" value="${row}">
<input type="hidden" name="formKey" value="${view.formKey}">
<input type="hidden" name="confirmed" value="${confirmed ? "1" : ""}">
<input type="submit" value="${escaped(label)}"></form>`;
}

export const forbiddenPage = () =>
  `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head><title>403 Forbidden</title></head>
<body><h1>Forbidden</h1><p>You don't have permission to access this resource.</p></body></html>
`;
