import type { FaultOrder } from "../../sandbox/fault-injection.ts";

/** How a server answers one request. */
export type FaultyReply = FaultOrder extends infer Order
  ? Order extends FaultOrder
    ? Omit<Order, "method">
    : never
  : never;

const nested = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
/** As the reply of either vendor, with all that a customer declares. */
const deepReply = `{
  "result": 1,
  "customer": {
    "customer_id": "1001", "customer_code": "ACME", "customer_name": "Acme",
    "contact_email": "it@acme.test", "contact_name": ${nested}
  },
  "changes": { "eliteSeats": { "oldValue": ${nested}, "newValue": 500 } }
}`;
const page = "<html>a page of the proxy</html>";

/** The server does what is asked for, and the reply does not say so. */
export const unclear: [name: string, ...FaultyReply[]][] = [
  ["a page", { kind: "html" }],
  ["nothing", { kind: "empty" }],
  ["broken JSON", { kind: "malformed" }],
  ["JSON of 50,000 levels", { kind: "statusAfter", status: 200, body: deepReply }],
  ["JSON without a result", { kind: "statusAfter", status: 200, body: { status: "ok" } }],
  ["a server error that HTTP has", { kind: "statusAfter", status: 501, body: page }],
  ["a server error in its own envelope", { kind: "statusAfter", status: 501 }],
  ["a proxy's 499", { kind: "statusAfter", status: 499, body: page }],
  ["a redirect after the request was done", { kind: "statusAfter", status: 303, body: page }],
  [
    "a refusal, after a try that was done",
    { kind: "statusAfter", status: 503, body: page, retryAfter: 0 },
    { kind: "status", status: 406 },
  ],
];

/** The server does nothing, and says so. */
export const refusals: typeof unclear = [
  ["a refusal", { kind: "status", status: 406 }],
  ["a redirect to another address", { kind: "status", status: 308, body: page }],
  [
    "two refusals",
    { kind: "status", status: 429, body: page, retryAfter: 0 },
    { kind: "status", status: 406 },
  ],
];
