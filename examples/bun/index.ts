import { XimaLicense } from "pulumi-ucaas";

const acme = new XimaLicense("acme", {
  ccId: {
    resellerId: "voicehouse",
    resellerName: "Voicehouse",
    tenantId: "acme",
    tenantName: "Acme Ltd",
  },
  professionalSeats: 12,
});

export const licence = acme.id;

// The stack's output shows which runtime ran the program.
export const runtime = "Bun" in globalThis ? "bun" : "node";
