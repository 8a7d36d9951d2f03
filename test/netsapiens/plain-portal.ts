import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A portal of another design, which shares only the guide's labels with the sandbox's.
 * Menus are plain elements, and labels are bound to no field. The list is loaded without
 * an address of its own. The form is on a page of its own, with secrets in fields. The
 * page has one more list.
 */
export async function plainPortal() {
  const clients: { id: string; secret: string }[] = [
    { id: "somebody-else", secret: "0123456789abcdef" },
  ];
  const menu = (name: string, to: string) => `<span onclick="location = '${to}'">${name}</span> `;
  const home = `${menu("System", "/SiPbx/system")} ${menu("Log Out", "/SiPbx/adminlogin.php")}<h1>Welcome</h1>`;
  const list = () =>
    `<table><tr><th>Application</th><th>Calls</th></tr><tr><td>xima-acme</td><td>7</td></tr></table>
    ${menu("Add", "/SiPbx/new")}
    <table><tr><th>Redirect URL</th><th>client id</th><th>Secret:</th><th></th></tr>
    ${clients
      .map(
        ({ id, secret }, index) =>
          `<tr><td></td><td>${id}</td><td><input readonly value="${secret}"></td>
            <td><a href="/SiPbx/remove?${index}" onclick="return confirm('Sure?')">Remove</a></td></tr>`,
      )
      .join("")}</table>`;
  const pages: Record<string, (body: URLSearchParams, query: string) => string> = {
    "/SiPbx/adminlogin.php": () =>
      `<form method="post" action="/SiPbx/home"><table>
        <tr><td>User Name:</td><td><input name="u"></td></tr>
        <tr><td>Password:</td><td><input name="p" type="password"></td></tr>
      </table><button>Sign In</button></form>`,
    "/SiPbx/home": (body) =>
      body.get("u") === "admin" && body.get("p") === "Plain-portal-1"
        ? home
        : pages["/SiPbx/adminlogin.php"]!(body, ""),
    "/SiPbx/system": () => `${home}${menu("Settings", "/SiPbx/settings")}`,
    "/SiPbx/settings": () =>
      `${home}<b onclick="this.nextElementSibling.hidden = false">Advanced</b>
      <ul hidden><li
        onclick="fetch('/SiPbx/list').then((r) => r.text()).then((t) => { main.innerHTML = t; })"
      >OAuth Clients</li></ul>
      <div id="main"></div>`,
    "/SiPbx/list": list,
    "/SiPbx/new": () =>
      `<form method="post" action="/SiPbx/made"><p>Search <input name="search"></p><table>
        <tr><td>Client ID *</td><td><input name="id"></td></tr>
        <tr><td>Redirect URL</td><td><input name="url"></td></tr>
      </table><input type="submit" value="Create"></form>`,
    "/SiPbx/made": (body) => {
      clients.push({
        id: body.get("id") ?? "",
        secret: `secret-of-${body.get("id")}-${body.get("url")}${body.get("search")}`,
      });
      return "<p>Done.</p>";
    },
    "/SiPbx/remove": (_, query) => {
      clients.splice(Number(query), 1);
      return "<p>Done.</p>";
    },
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const { pathname, search } = new URL(request.url ?? "/", "http://portal");
    const page = pages[pathname]?.(new URLSearchParams(body), search.slice(1));
    response
      .writeHead(page === undefined ? 404 : 200, { "content-type": "text/html" })
      .end(page ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clients,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
