/**
 * A vendor's published OpenAPI document, as a judge of real traffic: is this a request that the
 * document describes, and is that a reply that it describes?
 *
 *   const published = openApiDocument(facts);
 *   expect(published.faults(exchange)).toEqual([]);
 *
 * Documents of OpenAPI 3.0 and 3.1 are taken. Knows no vendor.
 */
import type { ErrorObject } from "ajv";
import { Ajv, type AnySchemaObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/** One request and the reply to it, as they went over the wire. */
export interface Exchange {
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly status: number;
  readonly replyHeaders: Readonly<Record<string, string | string[] | undefined>>;
  readonly replyBody: string;
}

export interface OpenApiOptions {
  /**
   * What the traffic has in front of the document's paths, or in place of a part of them:
   * `(path) => path.replace("/v1/", "/v1/v1/")`. Default: the paths are the same.
   */
  readonly documentPath?: (path: string) => string;
  /** Fields that the document leaves open are faults too, where it lists an object's properties. */
  readonly closed?: boolean;
}

export interface OpenApiDocument {
  /**
   * The operation of a request, such as `POST /v1/licensing/update`, or undefined if the
   * document has none.
   */
  operation(exchange: Pick<Exchange, "method" | "path">): string | undefined;
  /** Everything in a request that the document does not describe; empty when it is as published. */
  requestFaults(exchange: Exchange): string[];
  /** The same for the reply. A status that the document does not name is a fault. */
  replyFaults(exchange: Exchange): string[];
  /** Every operation with the statuses that are documented for it: `POST /x 200`. */
  readonly documented: readonly string[];
}

interface Media {
  readonly schema?: AnySchemaObject;
}
interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema?: AnySchemaObject;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, Media> };
  readonly responses: Record<string, { readonly content?: Record<string, Media> }>;
}
/** The part of an OpenAPI document that is looked at. */
export interface Published {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, unknown>>;
  readonly components?: object;
}

const methods = ["get", "put", "post", "delete", "patch", "head", "options"];

export function openApiDocument(
  published: Published,
  options: OpenApiOptions = {},
): OpenApiDocument {
  const document = options.closed ? closed(published) : published;
  const { documentPath = (path) => path } = options;
  const validator = new (document.openapi.startsWith("3.0") ? Ajv : Ajv2020)({
    strict: false,
    allErrors: true,
    // The documents name formats of their own.
    logger: false,
  });
  formats.default(validator);
  validator.addSchema({ ...document, $id: "openapi" } as AnySchemaObject);

  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        matches: pathPattern(path),
        parameters: (item.parameters ?? []) as Parameter[],
        operation: item[method] as Operation,
      })),
  );
  const find = ({ method, path }: Pick<Exchange, "method" | "path">) =>
    operations.find((one) => one.method === method && one.matches.test(documentPath(path)));

  const check = (pointer: string[], value: unknown, where: string): string[] => {
    const reference = `openapi#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
    const validate = validator.compile({ $ref: reference });
    return validate(value) ? [] : (validate.errors ?? []).map((error) => fault(where, error));
  };

  const content = (
    offered: Record<string, Media> | undefined,
    pointer: string[],
    headers: Exchange["headers"],
    body: string,
    where: string,
  ): string[] => {
    if (!offered || Object.keys(offered).length === 0)
      return body === "" ? [] : [`${where}: a body, where none is documented`];
    const type = String(headers["content-type"] ?? "")
      .split(";")[0]!
      .trim()
      .toLowerCase();
    const media = offered[type];
    if (!media)
      return [
        `${where}: content type ${type || "missing"}; documented: ${Object.keys(offered).join(", ")}`,
      ];
    if (!media.schema) return [];
    const value = type.endsWith("json")
      ? parse(body)
      : Object.fromEntries(new URLSearchParams(body));
    return value === undefined
      ? [`${where}: is no JSON`]
      : check([...pointer, "content", type, "schema"], value, where);
  };

  return {
    documented: operations.flatMap(({ name, operation }) =>
      Object.keys(operation.responses).map((status) => `${name} ${status}`),
    ),
    operation: (exchange) => find(exchange)?.name,
    requestFaults(exchange) {
      const found = find(exchange);
      if (!found) return [`${exchange.method} ${exchange.path}: no documented operation`];
      const pointer = ["paths", found.path, found.method.toLowerCase()];
      const { requestBody, parameters = [] } = found.operation;
      const faults = [...found.parameters, ...parameters]
        .filter(
          (parameter) =>
            parameter.in === "query" && parameter.required && !exchange.query.has(parameter.name),
        )
        .map(({ name }) => `query: ${name} is required`);
      const known = [...found.parameters, ...parameters]
        .filter((parameter) => parameter.in === "query")
        .map(({ name }) => name);
      for (const name of exchange.query.keys())
        if (!known.includes(name)) faults.push(`query: ${name} is not documented`);
      if (requestBody?.required && exchange.body === "")
        return [...faults, "request: the body is required"];
      if (exchange.body === "") return faults;
      return [
        ...faults,
        ...content(
          requestBody?.content,
          [...pointer, "requestBody"],
          exchange.headers,
          exchange.body,
          "request",
        ),
      ];
    },
    replyFaults(exchange) {
      const found = find(exchange);
      if (!found) return [`${exchange.method} ${exchange.path}: no documented operation`];
      const { responses } = found.operation;
      const status = [String(exchange.status), `${String(exchange.status)[0]}XX`, "default"].find(
        (one) => Object.hasOwn(responses, one),
      );
      if (status === undefined) return [`reply: status ${exchange.status} is not documented`];
      const pointer = ["paths", found.path, found.method.toLowerCase(), "responses", status];
      return content(
        responses[status]!.content,
        pointer,
        exchange.replyHeaders,
        exchange.replyBody,
        `reply ${exchange.status}`,
      );
    },
  };
}

/** A template such as `/domains/{domain}/users` as a pattern. */
function pathPattern(template: string): RegExp {
  const parts = template
    .split(/\{[^}]*\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}

/**
 * The document with every object closed that lists its properties and does not say that
 * there may be others.
 */
function closed<T>(node: T): T {
  if (Array.isArray(node)) return node.map(closed) as T;
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const lists =
    typeof copy.properties === "object" && copy.properties !== null && copy.type !== undefined;
  return (lists ? { additionalProperties: false, ...copy } : copy) as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function fault(where: string, { instancePath, keyword, message, params }: ErrorObject): string {
  const details: unknown =
    keyword === "additionalProperties"
      ? params.additionalProperty
      : keyword === "enum"
        ? params.allowedValues
        : undefined;
  return `${where}: ${instancePath || "/"} ${message}${details === undefined ? "" : ` (${JSON.stringify(details)})`}`;
}
