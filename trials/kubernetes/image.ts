import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Cluster } from "./cluster.ts";

export interface ImageOptions {
  /** Such as `localhost/runner:1`. */
  readonly name: string;
  /** The file tree that becomes the image's only layer. */
  readonly tree: string;
  readonly entrypoint: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Puts an image onto the node, and removes its tree and what is written to `folder`. */
export async function importImage(
  cluster: Cluster,
  folder: string,
  options: ImageOptions,
): Promise<void> {
  const work = mkdtempSync(join(folder, "image-"));
  await cluster.importImage(await imageArchive(options, work));
  rmSync(work, { recursive: true });
  rmSync(options.tree, { recursive: true });
}

/** Writes the archive that `ctr images import` reads. `folder` must be empty. */
async function imageArchive(options: ImageOptions, folder: string): Promise<string> {
  const content = join(folder, "content");
  mkdirSync(content, { recursive: true });
  const layer = join(content, "layer.tar");
  execFileSync("tar", [
    "-cf",
    layer,
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "-C",
    options.tree,
    ".",
  ]);
  const hash = createHash("sha256");
  await pipeline(createReadStream(layer), hash);
  const config = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {
      Entrypoint: options.entrypoint,
      User: options.user,
      WorkingDir: options.workingDir,
      Env: Object.entries({ PATH: "/usr/local/bin:/usr/bin:/bin", ...options.environment }).map(
        ([name, value]) => `${name}=${value}`,
      ),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${hash.digest("hex")}`] },
  });
  const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
  writeFileSync(join(content, configName), config);
  writeFileSync(
    join(content, "manifest.json"),
    JSON.stringify([{ Config: configName, RepoTags: [options.name], Layers: ["layer.tar"] }]),
  );
  const archive = join(folder, "image.tar");
  execFileSync("tar", ["-cf", archive, "-C", content, "manifest.json", configName, "layer.tar"]);
  return archive;
}
