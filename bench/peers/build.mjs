// Builds OpenTofu and Mastercard/restapi from Go modules, which go.mod and go.sum in the
// folders beside this file pin.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const commands = {
  tofu: { folder: "opentofu", path: "github.com/opentofu/opentofu/cmd/tofu" },
  "terraform-provider-restapi": {
    folder: "restapi",
    path: "github.com/Mastercard/terraform-provider-restapi",
  },
};

/** Where the built commands are. */
export const peersFolder = () =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ucaas-bench");

export function buildPeers() {
  mkdirSync(peersFolder(), { recursive: true });
  for (const [name, { folder, path }] of Object.entries(commands)) {
    const { status, error } = spawnSync(
      "go",
      [
        "build",
        "-mod=readonly",
        "-trimpath",
        "-ldflags=-s -w",
        "-o",
        join(peersFolder(), name),
        path,
      ],
      {
        cwd: fileURLToPath(new URL(folder, import.meta.url)),
        env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
        stdio: "inherit",
      },
    );
    if (error) throw error;
    if (status !== 0) throw new Error(`go build of ${path} ended with ${status}.`);
  }
}
