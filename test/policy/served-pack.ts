// The policy pack in a process of its own, driven over gRPC as an engine does it that has a
// language host for Node.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../tools/engine/paths.mjs";
import { grpc, Struct, sdk } from "../sdk-copies.ts";

const { AnalyzerClient } = sdk(
  "@pulumi/pulumi/proto/analyzer_grpc_pb.js",
) as typeof import("@pulumi/pulumi/proto/analyzer_grpc_pb.js");
const messages = sdk(
  "@pulumi/pulumi/proto/analyzer_pb.js",
) as typeof import("@pulumi/pulumi/proto/analyzer_pb.js");

/** Shows the pack the first resource of a deployment: the stack itself. */
export async function showStack(
  { project, stack, organization }: Record<"project" | "stack" | "organization", string>,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const folder = join(root, "policy");
  const runner = sdk.resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const pack = spawn(process.execPath, [runner, "127.0.0.1:1", folder], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(pack, "exit");
  const ends = ended.then(([code]) => {
    throw new Error(`the pack ended with ${code}`);
  });
  ends.catch(() => {});
  try {
    const [port] = await Promise.race([once(createInterface(pack.stdout), "line"), ends]);
    const client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const about = new messages.AnalyzerStackConfigureRequest()
      .setProject(project)
      .setStack(stack)
      .setOrganization(organization);
    await answered((done) => client.configureStack(about, done));
    const type = "pulumi:pulumi:Stack";
    const resource = new messages.AnalyzeRequest()
      .setUrn(`urn:pulumi:${stack}::${project}::${type}::${project}-${stack}`)
      .setType(type)
      .setProperties(new Struct())
      .setOptions(new messages.AnalyzerResourceOptions());
    await answered((done) => client.analyze(resource, done));
    client.close();
  } finally {
    pack.kill();
    await ended;
  }
}

function answered(send: (done: (error: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    send((error) => (error ? reject(error) : resolve()));
  });
}
