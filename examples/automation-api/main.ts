// A program that runs Pulumi: each customer of a list is a stack of its own.
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { XimaLicense } from "pulumi-ucaas";

const customers = [
  { slug: "acme", name: "Acme Ltd", seats: 12 },
  { slug: "bakery", name: "Bakery", seats: 5 },
];

for (const { slug, name, seats } of customers) {
  const stack = await LocalWorkspace.createOrSelectStack(
    {
      stackName: slug,
      projectName: "example-automation-api",
      program: async () => {
        const licence = new XimaLicense(slug, {
          ccId: {
            resellerId: "voicehouse",
            resellerName: "Voicehouse",
            tenantId: slug,
            tenantName: name,
          },
          professionalSeats: seats,
        });
        return { licence: licence.id };
      },
    },
    // The provider process imports the package from this folder.
    { workDir: import.meta.dirname },
  );
  const { outputs, summary } = await stack.up();
  console.log(`${outputs.licence?.value}: ${summary.result}`);
}
