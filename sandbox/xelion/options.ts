/** The switches of the provisioning service. */
import { z } from "zod";
import { commonOptions } from "../server.ts";
import { scenarioNames } from "./scenarios.ts";

export const provisioningOptions = z.strictObject({
  ...commonOptions,
  course: z
    .enum(scenarioNames)
    .default("completes")
    .describe("the course of orders for which none was ordered"),
  courseMs: z.number().min(0).default(20).describe("the pause between the steps of that course"),
  checkTenant: z
    .boolean()
    .default(true)
    .describe(
      "an order fails when its tenant refuses the token, or cannot be reached, while it runs",
    ),
  acceptedStatus: z
    .literal([200, 201, 202])
    .default(200)
    .describe("the status with which an order is accepted"),
  errorBody: z.enum(["text", "json"]).default("text").describe("the format of a 4xx's body"),
  orderRoute: z
    .boolean()
    .default(false)
    .describe(
      "GET /api/v1/orders/{id} is there: this sandbox's own invention, for a route that is not public",
    ),
  callbackTimeoutMs: z
    .number()
    .positive()
    .default(5000)
    .describe("how long a callback waits for its answer"),
  tenantTimeoutMs: z
    .number()
    .positive()
    .default(5000)
    .describe("how long an order waits for its tenant's answer to the token"),
  callbackRetries: z
    .int()
    .min(0)
    .default(0)
    .describe("how often a callback that was not answered 2xx is sent again (not documented)"),
  callbackRetryMs: z.number().min(0).default(100).describe("the pause before that"),
});

export type ProvisioningOptions = z.output<typeof provisioningOptions>;
