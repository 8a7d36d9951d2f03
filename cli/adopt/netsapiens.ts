import { closeBrowser } from "pulumi-ucaas/internal/netsapiens/browser";
import { netsapiensConfig } from "pulumi-ucaas/internal/netsapiens/config";
import { portalClient, portalClients } from "pulumi-ucaas/internal/netsapiens/portal-driver";
import { originOf, resourceId } from "pulumi-ucaas/internal/netsapiens/resource-id";
import type { OAuthClientInputs } from "pulumi-ucaas/internal/netsapiens/schema";
import { toSettings } from "pulumi-ucaas/internal/netsapiens/settings";
import { type ConfigOf, readConfig } from "pulumi-ucaas/internal/runtime/config";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { placeholder } from "pulumi-ucaas-stacks/internal/placeholder";
import { inProgramFolder } from "../pulumi/project.ts";
import { callResource } from "./call-resource.ts";
import { filtered, type Identifier, readIdentifiers } from "./identifiers.ts";
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
 * configured, a browser reads its list. Elsewhere the clients are named, and their
 * secrets are given.
 */
export class NetsapiensSource implements AdoptionSource {
  readonly name = "netsapiens";
  readonly type = "NetsapiensOAuthClient";
  readonly columns = ["domain", "driver"];
  readonly account: string | undefined;
  readonly close = closeBrowser;
  readonly #config: Config;
  readonly #wishes: NetsapiensWishes;
  readonly #defaults: ConfigOf<typeof netsapiensConfig>;
  readonly #apiUrl: string;

  constructor(config: Config, wishes: NetsapiensWishes) {
    this.account = wishes.account;
    this.#config = config;
    this.#wishes = wishes;
    this.#defaults = inProgramFolder(() => readConfig(netsapiensConfig, config, wishes.account));
    if (this.#defaults.apiUrl === undefined) {
      throw fault(
        "CONFIG_MISSING",
        "netsapiens:apiUrl is not set",
        "pulumi config set netsapiens:apiUrl https://<portal> (or set NETSAPIENS_API_URL)",
      );
    }
    this.#apiUrl = this.#defaults.apiUrl;
  }

  async candidates(): Promise<Candidate[]> {
    const all = await this.#identifiers();
    return [...Map.groupBy(all, ({ text }) => text).values()].flatMap(([each, twin]) =>
      each === undefined ? [] : [this.#candidate(each, twin !== undefined)],
    );
  }

  /** The clients that are named, or those that the portal lists. */
  async #identifiers(): Promise<Identifier[]> {
    const { clients = [], clientFiles = [], filter = [] } = this.#wishes;
    if (clients.length + clientFiles.length > 0)
      return readIdentifiers(clients, clientFiles, "domain/clientId", parseClientRef);
    if (this.#defaults.portalUsername === undefined) {
      throw fault(
        "NOTHING_NAMED",
        "the API lists no clients, and no portal login is configured",
        [
          "name each with --client domain/clientId",
          "or set netsapiens:portalUsername and netsapiens:portalPassword: then a browser reads the portal's list",
        ].join(", "),
      );
    }
    const listed = await portalClients(this.#settings(this.#inputs("")));
    const wanted = filtered(this.name, listed, filter, (id) => [id]);
    return wanted.map((clientId) => ({ text: clientId, parts: ["", clientId] }));
  }

  #candidate(
    { parts: [domain = "", clientId = ""], name }: Identifier,
    isTwice: boolean,
  ): Candidate {
    const { account } = this;
    const inputs = this.#inputs(clientId);
    const id = resourceId(this.#settings(inputs));
    const isDeclaredBy = (declared: Section) =>
      (declared.account ?? undefined) === account &&
      declared.clientId === clientId &&
      hostOf(declared.apiUrl ?? this.#apiUrl) === hostOf(this.#apiUrl);
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
      match: (planned) => {
        if (planned.type !== this.type || !isDeclaredBy(planned.inputs)) return undefined;
        return {
          id,
          inputs: planned.inputs,
          outputs: () => this.#outputs(planned.inputs as unknown as OAuthClientInputs),
        };
      },
    };
  }

  /**
   * The outputs after a verification, as any client has it. The create of the driver
   * `existing` makes nothing, so it is the one that is called. The secret of a client of
   * the portal is the one that the portal shows.
   */
  async #outputs(inputs: OAuthClientInputs): Promise<Record<string, unknown>> {
    const clientSecret =
      inputs.driver === "portal" ? await this.#secretInPortal(inputs) : inputs.clientSecret;
    const { outs } = await callResource(this.#config, this.type, "create", [
      { ...inputs, driver: "existing", clientSecret },
    ]);
    return { ...outs, driver: inputs.driver };
  }

  async #secretInPortal(inputs: OAuthClientInputs): Promise<string> {
    const status = await portalClient(this.#settings(inputs)).find();
    const secret =
      status.kind === "there" ? (status.clientSecret ?? inputs.clientSecret) : undefined;
    if (secret !== undefined) return secret;
    throw status.kind === "there"
      ? fault(
          "SECRET_NOT_SHOWN",
          "the portal does not show the client's secret",
          "declare it: pulumi config set --secret --path ucaas:customers.<slug>.netsapiens.clientSecret",
        )
      : fault("NOT_FOUND", "the portal does not list the client", "take it out of the files");
  }

  #inputs(clientId: string): OAuthClientInputs {
    const driver = this.#defaults.portalUsername === undefined ? "existing" : "portal";
    return { domain: "", clientId, driver, account: this.account };
  }

  #settings(inputs: OAuthClientInputs) {
    const settings = toSettings(inputs, this.#defaults);
    return { ...settings, apiUrl: originOf(settings.apiUrl) };
  }
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

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "netsapiens", operation: "adopt", hint });
}
