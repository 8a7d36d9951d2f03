import { HttpClient } from "pulumi-ucaas/internal/http/client";
import { baseUrlOf } from "pulumi-ucaas/internal/http/pool";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";
import { z } from "zod";
import { redact } from "../redact.ts";

export interface Request {
  /** In words, for errors. */
  readonly operation: string;
  /** Below the API's address, with `{placeholders}` that `params` fill. */
  readonly path: string;
  readonly params?: Record<string, string | number>;
  readonly query?: Record<string, string | number>;
}

/** The REST API of a platform: JSON in and out, pages of a hundred. */
export class Api {
  readonly #vendor: string;
  readonly #http: HttpClient;
  readonly #headers: Record<string, string>;
  /** What the token must be allowed, for a refusal's hint. */
  readonly #permissions: string;

  constructor(options: {
    vendor: string;
    baseUrl: string;
    /** The environment variable that `baseUrl` is from. */
    variable: string;
    token: string;
    headers: Record<string, string>;
    permissions: string;
  }) {
    rememberSecret(options.token);
    this.#vendor = options.vendor;
    this.#headers = options.headers;
    this.#permissions = options.permissions;
    this.#http = new HttpClient({
      vendor: options.vendor,
      baseUrl: addressOf(options),
      limits: { concurrency: 4 },
    });
  }

  async get<Schema extends z.ZodType>(schema: Schema, request: Request): Promise<z.output<Schema>> {
    return await this.#send("GET", schema, request);
  }

  /** Creates an object, so it is sent once: after a lost reply the object may exist. */
  async post<Schema extends z.ZodType>(
    schema: Schema,
    request: Request,
    body: object,
  ): Promise<z.output<Schema>> {
    return await this.#send("POST", schema, request, body);
  }

  async change<Schema extends z.ZodType>(
    method: "PATCH" | "PUT",
    schema: Schema,
    request: Request,
    body: object,
  ): Promise<z.output<Schema>> {
    return await this.#send(method, schema, request, body);
  }

  /** The first thing of a list, over all its pages, that a condition holds for. */
  async find<Item extends z.ZodType>(
    item: Item,
    request: Request,
    condition: (item: z.output<Item>) => boolean,
  ): Promise<z.output<Item> | undefined> {
    const perPage = 100;
    for (let page = 1; ; page++) {
      const items = await this.get(z.array(item), {
        ...request,
        query: { ...request.query, per_page: perPage, page },
      });
      const found = items.find(condition);
      if (found !== undefined || items.length < perPage) return found;
    }
  }

  async #send<Schema extends z.ZodType>(
    method: "GET" | "POST" | "PATCH" | "PUT",
    schema: Schema,
    { operation, path, params, query }: Request,
    body?: object,
  ): Promise<z.output<Schema>> {
    const reply = await this.#http.send({
      operation,
      method,
      path,
      params: Object.fromEntries(
        Object.entries(params ?? {}).map(([name, value]) => [name, String(value)]),
      ),
      query,
      list: method === "GET",
      retry: method === "POST" ? "if-unsent" : "safe",
      buildRequest: () => ({
        headers: { ...this.#headers, ...(body && { "content-type": "application/json" }) },
        body: body && redact(JSON.stringify(body)),
      }),
    });
    const details = { vendor: this.#vendor, operation, status: reply.status };
    if (reply.status < 200 || reply.status > 299) {
      const said =
        z.object({ message: z.unknown() }).safeParse(reply.json).data?.message ?? "no reason given";
      const refused = [401, 403, 404].includes(reply.status);
      throw new UcaasError(typeof said === "string" ? said : JSON.stringify(said), {
        ...details,
        code: refused ? "FORGE_REFUSED" : "FORGE_FAILED",
        hint: refused ? this.#permissions : "run the command again later",
      });
    }
    const parsed = schema.safeParse(reply.json);
    if (parsed.success) return parsed.data;
    throw new UcaasError(`the reply is not as documented: ${z.prettifyError(parsed.error)}`, {
      ...details,
      code: "MALFORMED_REPLY",
      hint: "check the address of the platform's API: this is another server, or another version",
    });
  }
}

/** Checked here: the client's own error names a key of a stack's config. */
function addressOf({
  vendor,
  baseUrl,
  variable,
}: {
  vendor: string;
  baseUrl: string;
  variable: string;
}): string {
  try {
    return baseUrlOf(vendor, baseUrl);
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    const { reason, code, operation, hint } = error;
    throw new UcaasError(`${variable}: ${reason}`, {
      code,
      vendor,
      operation,
      hint:
        code === "INSECURE_URL"
          ? hint
          : `run the command in a pipeline, which sets ${variable}, or correct it`,
    });
  }
}
