import { execSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { node, root } from "../../tools/engine/paths.mjs";
import { copyWithLibraries } from "./file-tree.ts";
import type { ImageOptions } from "./image.ts";

export const receiverImage = "localhost/xelion-receiver:1";

/**
 * Writes the file tree that `receiver/Containerfile` describes: what it copies and
 * installs. The base image is Node of this machine.
 */
export function writeReceiverTree(tree: string): ImageOptions {
  const text = readFileSync(join(root, "receiver", "Containerfile"), "utf8");
  const of = (instruction: string) =>
    [...text.matchAll(new RegExp(`^${instruction} (.+)$`, "gm"))].map(([, rest = ""]) => rest);
  const [workingDir = ""] = of("WORKDIR");
  const [user = ""] = of("USER");
  const app = join(tree, workingDir);
  for (const path of [app, join(tree, "etc")]) mkdirSync(path, { recursive: true });
  writeFileSync(join(tree, "etc", "passwd"), `${user}:x:1000:1000::/home/${user}:/bin/sh\n`);
  copyWithLibraries(tree, node, "/usr/local/bin/node");
  const sources = of("COPY").flatMap((line) => line.split(" ").slice(0, -1));
  for (const source of sources) cpSync(join(root, source), join(app, source), { recursive: true });
  const [install = ""] = /npm ci [^&]*/.exec(text) ?? [];
  execSync(install, {
    cwd: app,
    env: {
      ...process.env,
      PATH: [dirname(node), process.env.PATH].join(delimiter),
      npm_config_prefer_offline: "true",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    name: receiverImage,
    tree,
    entrypoint: JSON.parse(of("CMD")[0] ?? "[]") as string[],
    user,
    workingDir,
    environment: Object.fromEntries(
      of("ENV")
        .flatMap((line) => line.split(" "))
        .map((setting) => setting.split("=") as [string, string]),
    ),
  };
}
