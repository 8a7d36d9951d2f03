import * as pulumi from "@pulumi/pulumi";
import { Customer } from "pulumi-ucaas";

// The client exists already. Its id, number and secret come from the stack's config.
const config = new pulumi.Config();

const acme = new Customer("acme", {
  name: "Acme Ltd",
  netsapiens: {
    driver: "existing",
    domain: "acme",
    clientId: config.require("clientId"),
    clientSecret: config.requireSecret("clientSecret"),
    did: config.require("did"),
  },
  // The licence comes after the verified client, and takes its servers from there.
  xima: {
    ccId: {
      resellerId: "voicehouse",
      resellerName: "Voicehouse",
      tenantId: "acme",
      tenantName: "Acme Ltd",
    },
    professionalSeats: 12,
  },
  enablex: {
    customerName: "Acme Ltd",
    customerCode: "acme",
    users: { ada: { userType: "moderator", firstName: "Ada", email: "ada@acme.example" } },
  },
});

export const summary = acme.summary;
