import * as pulumi from "@pulumi/pulumi";
import { XimaLicense, type XimaLicenseArgs, type XimaSipCredentials } from "./xima/resource.ts";

/** The licence of a {@link Customer}. */
export interface CustomerXimaArgs extends Omit<XimaLicenseArgs, "sipCredentials"> {
  /** `sipServer` and `outboundProxy` may be left to the bundle of the customer's NetSapiens client, if there is one. */
  readonly sipCredentials?: Omit<XimaSipCredentials, "sipServer" | "outboundProxy"> & Partial<XimaSipCredentials>;
}

/** Arguments of a {@link Customer}: its systems, each with the arguments of that system's resource. */
export interface CustomerArgs {
  /** The customer's name, for people. */
  readonly name: pulumi.Input<string>;
  readonly xima?: CustomerXimaArgs;
}

/**
 * One customer in all its systems.
 *
 * @example
 * ```ts
 * import { Customer } from "pulumi-ucaas";
 *
 * new Customer("acme", {
 *   name: "Acme Ltd",
 *   xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme Ltd" }, professionalSeats: 12 },
 * });
 * ```
 */
export class Customer extends pulumi.ComponentResource {
  readonly xima?: XimaLicense;
  /** The customer in one line. */
  readonly summary: pulumi.Output<string>;

  constructor(name: string, args: CustomerArgs, options?: pulumi.ComponentResourceOptions) {
    super("ucaas:index:Customer", name, {}, options);
    if (args.xima) this.xima = new XimaLicense(name, args.xima as XimaLicenseArgs, { parent: this });
    this.summary = pulumi.interpolate`${args.name}`;
    this.registerOutputs({ summary: this.summary });
  }
}
