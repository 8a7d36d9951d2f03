import { existsSync } from "node:fs";
import { connect } from "node:net";
import { proxyUrl } from "pulumi-ucaas/internal/http/pool";
import { steps } from "pulumi-ucaas/internal/runtime/errors";
import type { Check, Outcome } from "./check.ts";

/** The variables that decide how calls leave this machine. */
export function proxyCheck(environment: NodeJS.ProcessEnv): Check {
  return {
    system: "network",
    check: "proxy",
    async run(signal) {
      const outcomes = judgeEnvironment(environment);
      for (const { host, port } of proxiesOf(environment)) {
        const failure = await tryConnect(host, port, signal);
        outcomes.push(
          failure === undefined
            ? { status: "ok", found: `the proxy ${host}:${port} takes connections` }
            : {
                status: "action",
                code: "PROXY_NOT_REACHED",
                found: `the proxy ${host}:${port} takes no connection (${failure})`,
                remedy: "correct HTTPS_PROXY and HTTP_PROXY, or unset them",
              },
        );
      }
      return outcomes;
    },
  };
}

const pairs = [
  ["https_proxy", "HTTPS_PROXY"],
  ["http_proxy", "HTTP_PROXY"],
  ["no_proxy", "NO_PROXY"],
] as const;

/** What the variables say, without their values: a proxy's URL may hold a password. */
export function judgeEnvironment(environment: NodeJS.ProcessEnv): Outcome[] {
  const problems: Outcome[] = [];
  for (const [lower, upper] of pairs) {
    const set = [lower, upper].filter((name) => environment[name]);
    if (set.length === 2 && environment[lower] !== environment[upper])
      problems.push(
        action(
          "PROXY_AMBIGUOUS",
          `${lower} and ${upper} differ; ${lower} counts`,
          `unset one of them`,
        ),
      );
    if (upper === "NO_PROXY") continue;
    if (set[0] !== undefined && proxyUrl(environment[set[0]]) === undefined)
      problems.push(
        action("PROXY_INVALID", `${set[0]} is no URL of a proxy`, "set it to http://host:port"),
      );
  }
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === "0")
    problems.push(
      action(
        "TLS_VARIABLE",
        "NODE_TLS_REJECT_UNAUTHORIZED is 0; calls to vendors still verify TLS",
        steps(
          "Unset it.",
          "If a private authority issues your certificates: name it in NODE_EXTRA_CA_CERTS.",
        ),
      ),
    );
  const authorities = environment.NODE_EXTRA_CA_CERTS;
  if (authorities && !existsSync(authorities))
    problems.push(
      action(
        "CA_FILE_MISSING",
        `NODE_EXTRA_CA_CERTS names a file that is not there: ${authorities}`,
        "correct the path, or unset it",
      ),
    );
  if (problems.length > 0) return problems;
  const named = pairs.flat().filter((name) => environment[name]);
  return [
    {
      status: "ok",
      found:
        named.length === 0 ? "no proxy is set; calls go out directly" : `set: ${named.join(", ")}`,
    },
  ];
}

function proxiesOf(environment: NodeJS.ProcessEnv): { host: string; port: number }[] {
  const urls = [
    environment.https_proxy || environment.HTTPS_PROXY,
    environment.http_proxy || environment.HTTP_PROXY,
  ].flatMap((value) => proxyUrl(value) ?? []);
  const places = urls.map((text) => {
    const { hostname, port, protocol } = new URL(text);
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    return { host, port: Number(port) || (protocol === "https:" ? 443 : 80) };
  });
  return [...new Map(places.map((place) => [`${place.host} ${place.port}`, place])).values()];
}

/** The system's code of the failure; undefined when the connection was made. */
function tryConnect(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const end = (code: string | undefined) => {
      socket.destroy();
      resolve(code);
    };
    socket
      .on("connect", () => end(undefined))
      .on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.name));
  });
}

function action(code: string, found: string, remedy: string): Outcome {
  return { status: "action", code, found, remedy };
}
