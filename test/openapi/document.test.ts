import { expect, test } from "vitest";
import { type Exchange, openApiDocument } from "./document.ts";

const string = { type: "string" };
const document = openApiDocument(
  {
    openapi: "3.0.3",
    paths: {
      "/v1/shops/{shop}/cakes": {
        post: {
          parameters: [{ in: "query", name: "by", required: true }],
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Cake" } } },
          },
          responses: {
            200: {
              content: { "application/json": { schema: { $ref: "#/components/schemas/Cake" } } },
            },
            204: {},
          },
        },
      },
    },
    components: {
      schemas: {
        Cake: {
          type: "object",
          properties: {
            name: string,
            baked: { type: "string", format: "date-time", nullable: true },
          },
          required: ["name"],
        },
      },
    },
  },
  { closed: true },
);

const right: Exchange = {
  method: "POST",
  path: "/v1/shops/north%20end/cakes",
  query: new URLSearchParams("by=ada"),
  headers: { "content-type": "application/json; charset=utf-8" },
  body: '{"name": "linzer", "baked": null}',
  status: 200,
  replyHeaders: { "content-type": "application/json" },
  replyBody: '{"name": "linzer", "baked": "2026-11-28T10:00:00Z"}',
};
const faults = (change: Partial<Exchange>) => {
  const exchange = { ...right, ...change };
  return [...document.requestFaults(exchange), ...document.replyFaults(exchange)];
};

test("traffic as the document describes it has no fault", () => {
  expect(faults({})).toEqual([]);
  expect(faults({ status: 204, replyBody: "" })).toEqual([]);
  expect(document.operation(right)).toBe("POST /v1/shops/{shop}/cakes");
  expect(document.documented).toEqual([
    "POST /v1/shops/{shop}/cakes 200",
    "POST /v1/shops/{shop}/cakes 204",
  ]);
});

test.each<[string, Partial<Exchange>, string]>([
  ["a method", { method: "PUT" }, "no documented operation"],
  ["a path", { path: "/v1/shops/a/b/cakes" }, "no documented operation"],
  ["a query", { query: new URLSearchParams("by=ada&page=2") }, "query: page is not documented"],
  ["a missing query", { query: new URLSearchParams() }, "query: by is required"],
  ["a missing body", { body: "" }, "request: the body is required"],
  ["a content type", { headers: {} }, "request: content type missing"],
  ["text that is no JSON", { body: "{" }, "request: is no JSON"],
  ["a missing field", { body: "{}" }, "request: / must have required property 'name'"],
  ["a type", { body: '{"name": 3}' }, "request: /name must be string"],
  [
    "a field that is not listed",
    { body: '{"name": "a", "nam": "b"}' },
    'additional properties ("nam")',
  ],
  ["a status", { status: 500 }, "reply: status 500 is not documented"],
  ["a body where none is documented", { status: 204 }, "reply 204: a body"],
  [
    "a format",
    { replyBody: '{"name": "a", "baked": "today"}' },
    'reply 200: /baked must match format "date-time"',
  ],
])("a fault is found in %s", (_, change, text) => {
  expect(faults(change).join("\n")).toContain(text);
});
