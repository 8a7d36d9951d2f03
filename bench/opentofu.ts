import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contender, type Operation, parallel, type Session } from "./contender.ts";
import type { EnablexAccount } from "./enablex-account.ts";
import { peersFolder } from "./peers/build.mjs";
import { watchProcessTree } from "./process-tree.ts";

/** OpenTofu with Mastercard/restapi, as `npm run bench -- --build-peers` builds them. */
export const openTofu: Contender = { name: "opentofu", open };

export const isOpenTofuBuilt = () =>
  ["tofu", "terraform-provider-restapi"].every((name) => existsSync(join(peersFolder(), name)));

const common = ["-no-color", "-input=false"];
const commands: Record<Operation, string[]> = {
  up: ["apply", "-auto-approve", ...common],
  preview: ["plan", "-refresh=false", "-detailed-exitcode", ...common],
  drift: ["plan", "-refresh-only", ...common],
  change: ["apply", "-auto-approve", ...common],
  destroy: ["destroy", "-auto-approve", ...common],
};

async function open(account: EnablexAccount, customers: number): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), "ucaas-opentofu-"));
  const write = (changed: boolean) =>
    writeFile(join(folder, "main.tf"), configuration(account, customers, changed));
  await write(false);
  // The provider is the one that was built, so that no registry is asked.
  await writeFile(
    join(folder, "tofurc"),
    `provider_installation { dev_overrides { "mastercard/restapi" = ${JSON.stringify(peersFolder())} } }\n`,
  );
  return {
    async run(operation) {
      if (operation === "change") await write(true);
      const child = spawn(
        join(peersFolder(), "tofu"),
        [...commands[operation], `-parallelism=${parallel}`],
        {
          cwd: folder,
          env: {
            ...process.env,
            TF_CLI_CONFIG_FILE: join(folder, "tofurc"),
            CHECKPOINT_DISABLE: "1",
          },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      const watch = watchProcessTree(child.pid ?? 0);
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      const code = await new Promise<number | null>((resolve, reject) => {
        child.on("error", reject).on("close", resolve);
      });
      const usage = watch.stop();
      if (code !== 0) throw new Error(`tofu ${commands[operation].join(" ")}: ${code}\n${output}`);
      return usage;
    },
    async stateBytes() {
      const text = await readFile(join(folder, "terraform.tfstate"), "utf8");
      return { json: JSON.stringify(JSON.parse(text)).length, stored: Buffer.byteLength(text) };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** restapi reads each customer on a refresh, and compares nothing with its `data`. */
const configuration = (
  { server, accessId, accessKey }: EnablexAccount,
  customers: number,
  changed: boolean,
) => `
terraform {
  required_providers {
    restapi = { source = "mastercard/restapi" }
  }
}
provider "restapi" {
  uri                   = ${JSON.stringify(server.baseUrl)}
  username              = ${JSON.stringify(accessId)}
  password              = ${JSON.stringify(accessKey)}
  id_attribute          = "customer/customer_id"
  update_method         = "PATCH"
  create_returns_object = true
}
resource "restapi_object" "customer" {
  count = ${customers}
  path  = "/customers"
  data = jsonencode({
    customer_name = "Customer \${count.index}"
    customer_code = "code-\${count.index}"
    contact_email = ${changed ? 'count.index == 0 ? "changed@example.com" : ' : ""}"customer-\${count.index}@example.com"
  })
}
`;
