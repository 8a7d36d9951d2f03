import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";

/**
 * Keeps the organization of the stack that is deployed in `PULUMI_ORGANIZATION`. An engine
 * with a language host for Node does not set it: it tells a pack by a call, of which
 * `@pulumi/policy` keeps the tags alone. To be called before the pack is served.
 */
export function keepToldOrganization(): void {
  const { configureStack: call } = AnalyzerService;
  const read = call.requestDeserialize;
  call.requestDeserialize = (bytes) => {
    const request = read(bytes);
    const organization = request.getOrganization();
    if (organization) process.env.PULUMI_ORGANIZATION = organization;
    return request;
  };
}
