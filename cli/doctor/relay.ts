import { createServer } from "node:net";
import { HttpClient } from "pulumi-ucaas/internal/http/client";
import type { ConfigOf } from "pulumi-ucaas/internal/runtime/config";
import type { xelionConfig } from "pulumi-ucaas/internal/xelion/config";
import { Relay } from "pulumi-ucaas/internal/xelion/relay";
import type { Check, Outcome } from "./check.ts";

interface Listen {
  readonly host?: string;
  readonly port: number;
}

type Callback = NonNullable<ConfigOf<typeof xelionConfig>["callback"]>;

/** The way that news of orders come: a receiver, this machine, or none. */
export function callbackCheck(
  system: string,
  callback: Callback | undefined,
  seconds: number,
): Check {
  return {
    system,
    check: "callbacks",
    async run(signal) {
      if (callback === undefined)
        return { status: "skipped", found: "xelion:callback is not set: orders send no news" };
      if (!("relayUrl" in callback))
        return judgeListen(callback.listen, await tryListen(callback.listen));
      const http = new HttpClient({
        vendor: "xelion",
        baseUrl: callback.relayUrl,
        limits: { concurrency: 1 },
        retry: { deadline: seconds * 1000, attempts: 2 },
        signal,
      });
      const health = await http.send({
        operation: "relay: health",
        method: "GET",
        path: "/health",
        retry: "safe",
        signal,
      });
      const judged = judgeHealth(http.baseUrl, health.status);
      if (judged.status !== "ok") return judged;
      const relay = new Relay(callback, () => {}, signal);
      // Nothing has this name: a receiver that takes the key answers that it knows of none.
      await relay.findLastOrder({
        thing: "ucaas doctor",
        earlier: "ucaas doctor",
        stack: "",
      });
      return { status: "ok", found: `the receiver at ${http.baseUrl} is ready and takes the key` };
    },
  };
}

export function judgeHealth(baseUrl: string, status: number): Outcome {
  if (status === 200) return { status: "ok", found: `the receiver at ${baseUrl} is ready` };
  if (status === 503)
    return {
      status: "action",
      code: "RECEIVER_UNREADY",
      found: `the receiver at ${baseUrl} cannot keep callbacks now`,
      remedy: "look at its log and its database (docs/xelion-receiver.md)",
    };
  return {
    status: "action",
    code: "NO_RECEIVER",
    found: `what answers at ${baseUrl} is no ucaas receiver (HTTP ${status})`,
    remedy: "check relayUrl in xelion:callback",
  };
}

export function judgeListen(place: Listen, failure: string | undefined): Outcome {
  const address = `${place.host ?? "any address"}, port ${place.port}`;
  if (failure === undefined)
    return {
      status: "ok",
      found: `${address} is free; whether Xelion reaches it, only an order shows`,
    };
  if (failure === "EADDRINUSE")
    return {
      status: "unknown",
      code: failure,
      found: `${address} is taken by another process`,
      remedy: "if that is no running pulumi up, choose another port in xelion:callback",
    };
  return {
    status: "action",
    code: failure,
    found: `${address} cannot be listened on (${failure})`,
    remedy: "correct listen in xelion:callback",
  };
}

/** The system's code of the failure. */
function tryListen(place: Listen): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "UNKNOWN"));
    server.listen(place, () => server.close(() => resolve(undefined)));
  });
}
