import { z } from "zod";
import { baseUrlKey, transportKeys } from "../http/pool.ts";
import type { ConfigDefinition } from "../runtime/config.ts";
import { credential, identifier } from "../runtime/identifiers.ts";
import { headerSecret } from "./schema.ts";

const listenAddress = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine(
    (value) => /^(.*:)?\d{1,5}$/.test(value) && Number(/\d+$/.exec(value)?.[0]) < 65_536,
    'must be "port" or "host:port"',
  )
  .transform((value) => {
    const [, host, port] = /^(?:(.*):)?(\d+)$/.exec(value) ?? [];
    return { host: host?.replace(/^\[(.*)\]$/, "$1") || undefined, port: Number(port) };
  });

const publicUrl = z.url({ protocol: /^https?$/, error: "must be a URL" });

const callbackConfig = z.union(
  [
    z.strictObject({ listen: listenAddress, url: publicUrl }),
    z.strictObject({ relayUrl: publicUrl, relayKey: credential() }),
  ],
  {
    error: "must be {listen, url} or {relayUrl, relayKey}",
  },
);

/** Config of the vendor, namespace `xelion`. */
export const xelionConfig = {
  namespace: "xelion",
  keys: {
    baseUrl: baseUrlKey("base URL of the provisioning service, without /api/v1; Xelion tells it"),
    apiKey: {
      value: headerSecret,
      secret: true,
      about: "API key of the organization that orders belong to",
    },
    callback: {
      value: callbackConfig.optional(),
      about:
        "how news of orders come: {listen, url} of this machine, or {relayUrl, relayKey} of a receiver",
    },
    orderPath: {
      value: identifier().startsWith("/").includes("{id}", "must contain {id}").optional(),
      about:
        "path that shows an order, such as /…/{id}; not public, so without a default. It is polled when there is no callback",
    },
    pollSeconds: {
      value: z.coerce.number().min(0.1).max(3600).default(5),
      about: "seconds between two looks at orderPath; default 5",
    },
    testProvision: {
      value: z.union([z.boolean(), z.stringbool()]).default(true),
      about:
        "whether configurations are sent to the service's test route while checking; default true",
    },
    ...transportKeys,
  },
} satisfies ConfigDefinition;
