import { createPublicKey, type KeyObject } from "node:crypto";
import { HttpClient } from "pulumi-ucaas/internal/http/client";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { z } from "zod";

const operation = "keys check --online";

export interface Server {
  /** As `xima:baseUrl`. */
  readonly baseUrl: string;
  /** As `xima:updatePath`: the list of keys has the same prefix. */
  readonly updatePath: string;
}

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kid: z.string().optional() })) });
type Jwk = z.output<typeof jwksSchema>["keys"][number];

/**
 * Looks for a `kid` in the server's published list of keys (JWKS, OpenAPI 1.4: the public
 * keys of the registered certificates by fingerprint). Nothing is signed.
 *
 * @returns where the list is
 * @throws {UcaasError} `KEY_NOT_REGISTERED`, `KEY_REGISTERED_OTHERWISE`,
 *   `KEY_LIST_UNUSABLE`, and those of the network
 */
export async function checkRegistered(
  server: Server,
  kid: string,
  key: KeyObject | undefined,
  limits: { readonly seconds?: number; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { address, keys } = await publishedKeys(server, limits);
  const registered = keys.find(
    (one) => one.kid?.replaceAll(":", "").toLowerCase() === kid.toLowerCase(),
  );
  if (registered) {
    if (key && !isSameKey(registered, key)) {
      throw fault(
        "KEY_REGISTERED_OTHERWISE",
        "the server has another public key under this kid",
        `ask Xima which certificate is registered as ${kid}`,
      );
    }
    return address;
  }
  if (!keys.some((one) => /^([0-9a-f]{2}:?){20}$/i.test(one.kid ?? ""))) {
    throw fault(
      "KEY_LIST_UNUSABLE",
      `the server's list has no key by a certificate's fingerprint (${keys.length} listed)`,
      "ask Xima (support@ximasoftware.com) whether the kid is registered",
    );
  }
  throw fault(
    "KEY_NOT_REGISTERED",
    `the server does not list this kid (${keys.length} listed)`,
    steps(
      `Check that ${address} is the environment that the certificate was signed for.`,
      `Ask Xima (support@ximasoftware.com) to register the certificate with the kid ${kid}.`,
    ),
  );
}

async function publishedKeys(
  { baseUrl, updatePath }: Server,
  { seconds = 20, signal }: { readonly seconds?: number; readonly signal?: AbortSignal },
): Promise<{ address: string; keys: Jwk[] }> {
  const { origin, pathname } = new URL(baseUrl);
  const http = new HttpClient({
    vendor: "xima",
    baseUrl: origin,
    limits: { concurrency: 1 },
    retry: { deadline: seconds * 1000 },
  });
  const prefix = pathname.replace(/\/$/, "");
  // The prefix differs from page to page, as that of the update route does.
  const candidates = [
    prefix + updatePath.replace(/\/update$/, "/.well-known/jwks.json"),
    `${prefix}/licensing/.well-known/jwks.json`,
    "/licensing/.well-known/jwks.json",
  ];
  for (const path of new Set(candidates)) {
    const reply = await http.send({ operation, method: "GET", path, retry: "safe", signal });
    const list = reply.status === 200 ? jwksSchema.safeParse(reply.json).data : undefined;
    if (list) return { address: `${origin}${path}`, keys: list.keys };
  }
  throw fault(
    "KEY_LIST_UNUSABLE",
    `${origin} serves no list of keys below ${prefix || "/"}`,
    "check XIMA_BASE_URL (--base-url) and XIMA_UPDATE_PATH",
  );
}

function isSameKey(jwk: Jwk, key: KeyObject): boolean {
  const { n, e } = createPublicKey(key).export({ format: "jwk" });
  return jwk.n === undefined || (jwk.n === n && jwk.e === e);
}

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "xima", operation, hint });
}
