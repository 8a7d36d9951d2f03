import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { XimaClient } from "pulumi-ucaas/internal/xima/client";
import { type ApiRevision, type SeatRules, ximaConfig } from "pulumi-ucaas/internal/xima/config";
import { adoptedOutputs } from "pulumi-ucaas/internal/xima/outputs";
import { resourceId } from "pulumi-ucaas/internal/xima/resource-id";
import { leastSeats, seatFields } from "pulumi-ucaas/internal/xima/rules";
import type { LicenseInputs } from "pulumi-ucaas/internal/xima/schema";
import { isRecord, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import { placeholder } from "pulumi-ucaas-stacks/internal/placeholder";
import { inProgramFolder } from "../pulumi/project.ts";
import { type Identifier, notFound } from "./identifiers.ts";
import type { Section } from "./section.ts";
import type { AdoptionSource, Candidate } from "./source.ts";
import type { Config } from "./stack.ts";

/**
 * Licences of Xima. The API neither lists nor shows them, so the user names their tenants
 * and declares what they have.
 */
export function ximaVendor(
  config: Config,
  { account, tenants }: { readonly account?: string; readonly tenants: readonly Identifier[] },
): AdoptionSource {
  const settings = inProgramFolder(() => readConfig(ximaConfig, config, account));
  const client = inProgramFolder(() => new XimaClient(settings));
  return {
    name: "xima",
    type: "XimaLicense",
    account,
    columns: [],
    // Only the customer's first request needs the reseller's and the tenant's names, and
    // these have had theirs.
    previewEnvironment: { XIMA_ADOPT: tenants.map(({ parts }) => idOf(parts)).join(",") },
    async candidates() {
      const there = await Promise.all(
        tenants.map(({ parts: [resellerId = "", tenantId = ""] }) =>
          client.exists({ resellerId, tenantId }),
        ),
      );
      // With xima:probe off nothing was looked up, and the user's declaration counts.
      const missing = tenants.filter((_, index) => there[index] === false);
      if (missing.length > 0) throw notFound("xima", missing, "the licensing API does not know");
      return tenants.map((tenant) => candidate(tenant, account, settings, config.defaults));
    },
  };
}

interface Settings {
  readonly apiRevision: ApiRevision;
  readonly seatRules: SeatRules;
}

const comment = `What a tenant has cannot be read from Xima: put in each number \
as it is there (0 for none), from the contract or the portal.
Delete the lines of what shall not be managed here: that stays as it is.`;

function candidate(
  { parts, name }: Identifier,
  account: string | undefined,
  settings: Settings,
  defaults: unknown,
): Candidate {
  const [resellerId = "", tenantId = ""] = parts;
  const id = idOf(parts);
  return {
    id,
    cells: [],
    names: [tenantId, name ?? "", resellerId],
    name,
    section: {
      ...(account !== undefined && { account }),
      ccId: { resellerId, tenantId, ...nameOfAnother(resellerId, defaults) },
      ...blanks(settings),
    },
    comment,
    isDeclaredBy: (declared) =>
      isRecord(declared.ccId) &&
      resourceId(declared as unknown as LicenseInputs) === id &&
      (declared.account ?? undefined) === account,
    match(planned) {
      if (
        planned.type !== "XimaLicense" ||
        resourceId(planned.inputs as unknown as LicenseInputs) !== id
      )
        return undefined;
      return { id, inputs: planned.inputs, outputs: async () => outputs(planned.inputs) };
    },
  };
}

/** A name among the stack's defaults is that of the reseller there. */
function nameOfAnother(resellerId: string, defaults: unknown): Section {
  const ccId = valueAt(defaults, ["xima", "ccId"]);
  const isOther =
    isRecord(ccId) && ccId.resellerName !== undefined && ccId.resellerId !== resellerId;
  return isOther ? { resellerName: placeholder("the reseller's name at Xima") } : {};
}

function idOf([resellerId = "", tenantId = ""]: readonly string[]): string {
  return resourceId({ ccId: { resellerId, tenantId } });
}

function blanks({ apiRevision, seatRules }: Settings): Section {
  const seats = seatFields.map((field) => {
    const least = Math.max(1, leastSeats(field, apiRevision, seatRules));
    return [field, placeholder(`number of seats, 0 or at least ${least}`)];
  });
  return {
    ...Object.fromEntries(seats),
    ehrEmrIntegrationSeats: placeholder("number of seats"),
    ...(apiRevision === "guide" && { additionalAiMessages: placeholder("number of messages") }),
    aiMessaging: {
      standardBundles: placeholder("number of bundles"),
      advancedBundles: placeholder("number of bundles"),
    },
    aiAudioServices: { additionalHours: placeholder("number of hours") },
  };
}

function outputs(inputs: Record<string, unknown>): Record<string, unknown> {
  const { sipCredentials: sip } = inputs;
  if (
    isRecord(sip) &&
    ["sipServer", "outboundProxy", ...(sip.transport === undefined ? [] : ["sipPort"])].some(
      (field) => sip[field] === undefined,
    )
  ) {
    throw new UcaasError("sipCredentials takes part of itself from the NetSapiens client", {
      code: "SECRET_NOT_SEEN",
      vendor: "xima",
      operation: "adopt",
      hint: "declare sipServer, outboundProxy and, with transport, sipPort, as Xima has them",
    });
  }
  return adoptedOutputs(inputs);
}
