import { call } from "pulumi-ucaas/host";
import { closeBrowser } from "pulumi-ucaas/internal/netsapiens/browser";
import { portalClient, portalClients } from "pulumi-ucaas/internal/netsapiens/portal-driver";
import { netsapiensConfig, type OAuthClientInputs } from "pulumi-ucaas/internal/netsapiens/schema";
import { idOf, originOf, toSettings } from "pulumi-ucaas/internal/netsapiens/settings";
import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { placeholder } from "pulumi-ucaas-stacks/internal/placeholder";
import { type Identifier, readIdentifiers } from "./identifiers.ts";
import type { Section } from "./section.ts";
import type { AdoptionSource, Candidate } from "./source.ts";
import type { Config } from "./stack.ts";

export interface NetsapiensWishes {
  readonly account?: string;
  /** `domain/clientId`, or a client id alone. None: all that the portal lists. */
  readonly clients?: readonly string[];
  readonly clientFiles?: readonly string[];
  /** Texts of which a listed client has at least one in its id; none: all. */
  readonly filter?: readonly string[];
}

/**
 * OAuth clients of NetSapiens. The API lists none. Where a login at the admin portal is
 * configured, a browser reads its list; elsewhere the clients are named, and their
 * secrets are given.
 */
export function netsapiensVendor(config: Config, wishes: NetsapiensWishes): AdoptionSource {
  const { account, clients = [], clientFiles = [], filter = [] } = wishes;
  const defaults = readConfig(netsapiensConfig, config, account);
  const inputsFor = (clientId: string, declared: Section = {}) =>
    ({
      domain: "",
      clientId,
      driver: defaults.portalUsername === undefined ? "existing" : "portal",
      account,
      ...declared,
    }) as OAuthClientInputs;
  if (defaults.apiUrl === undefined) {
    throw fault(
      "CONFIG_MISSING",
      "netsapiens:apiUrl is not set",
      "pulumi config set netsapiens:apiUrl https://<portal> (or set NETSAPIENS_API_URL)",
    );
  }
  const host = new URL(defaults.apiUrl).host;
  const settingsFor = (inputs: OAuthClientInputs) => {
    const settings = toSettings(inputs, defaults);
    return { ...settings, apiUrl: originOf(settings.apiUrl) };
  };

  async function named(): Promise<Identifier[]> {
    if (clients.length + clientFiles.length > 0) {
      return readIdentifiers(clients, clientFiles, "domain/clientId", (text) =>
        parseClientRef(text),
      );
    }
    if (defaults.portalUsername === undefined) {
      throw fault(
        "NOTHING_NAMED",
        "the API lists no clients, and no login at the admin portal is configured",
        "name each with --client domain/clientId; or set netsapiens:portalUsername and netsapiens:portalPassword, and a browser reads the portal's list",
      );
    }
    const listed = await portalClients(settingsFor(inputsFor("")));
    return listed
      .filter(
        (id) =>
          filter.length === 0 ||
          filter.some((word) => id.toLowerCase().includes(word.toLowerCase())),
      )
      .map((clientId) => ({ text: clientId, parts: ["", clientId] }));
  }

  function candidate(
    { parts: [domain = "", clientId = ""], name }: Identifier,
    isTwice: boolean,
  ): Candidate {
    const inputs = inputsFor(clientId);
    const isDeclaredBy = (declared: Section) =>
      (declared.account ?? undefined) === account &&
      declared.clientId === clientId &&
      hostOf(declared.apiUrl ?? defaults.apiUrl) === host;
    const id = idOf(settingsFor(inputs));
    return {
      id,
      cells: [domain, inputs.driver],
      names: [domain, clientId],
      name,
      section: {
        ...(account !== undefined && { account }),
        domain: domain || placeholder("name of the domain within NetSapiens"),
        clientId,
        driver: inputs.driver,
      },
      comment:
        inputs.driver === "portal"
          ? "The client was made elsewhere. With the driver portal it is deleted in the portal when it is no longer declared here."
          : undefined,
      secrets: inputs.driver === "existing" ? ["netsapiens.clientSecret"] : undefined,
      blockedReason: isTwice
        ? "the portal lists this id twice: delete the one that nothing uses"
        : undefined,
      isDeclaredBy,
      match(planned) {
        if (planned.type !== "NetsapiensOAuthClient" || !isDeclaredBy(planned.inputs))
          return undefined;
        return {
          id,
          inputs: planned.inputs,
          outputs: () => outputs(planned.inputs as unknown as OAuthClientInputs),
        };
      },
    };
  }

  /**
   * Verified as any client is. A client that is taken as it is given (the driver
   * `existing`) is only looked at, never made, so that driver's create is called, with
   * the secret that the portal shows where it is the portal's.
   */
  async function outputs(inputs: OAuthClientInputs): Promise<Record<string, unknown>> {
    const clientSecret =
      inputs.driver === "portal" ? await secretInPortal(inputs) : inputs.clientSecret;
    const given = { ...inputs, driver: "existing", clientSecret };
    const { outs } = (await call("NetsapiensOAuthClient", "create", [given], config)) as {
      outs: Record<string, unknown>;
    };
    return { ...outs, driver: inputs.driver };
  }

  async function secretInPortal(inputs: OAuthClientInputs): Promise<string> {
    const standing = await portalClient(settingsFor(inputs)).find();
    const secret =
      standing.kind === "there" ? (standing.clientSecret ?? inputs.clientSecret) : undefined;
    if (secret !== undefined) return secret;
    throw standing.kind === "there"
      ? fault(
          "SECRET_NOT_SHOWN",
          "the portal does not show the client's secret",
          "declare it: pulumi config set --secret --path ucaas:customers.<slug>.netsapiens.clientSecret",
        )
      : fault("NOT_FOUND", "the portal does not list the client", "take it out of the files");
  }

  return {
    name: "netsapiens",
    type: "NetsapiensOAuthClient",
    account,
    columns: ["domain", "driver"],
    async candidates() {
      const all = await named();
      return [...Map.groupBy(all, ({ text }) => text).values()].map(([each, twin]) =>
        candidate(each!, twin !== undefined),
      );
    },
    close: closeBrowser,
  };
}

/** `domain/clientId`, or the client id alone. */
function parseClientRef(text: string): readonly string[] | undefined {
  const parts = text.split("/");
  if (parts.length > 2 || parts.includes("")) return undefined;
  return parts.length === 1 ? ["", ...parts] : parts;
}

function hostOf(url: unknown): string | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).host : undefined;
}

function fault(code: string, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "netsapiens", operation: "adopt", hint });
}
