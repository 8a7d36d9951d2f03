import { mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/engine/paths.mjs";

/**
 * Gives a copy of the repository the packages that are installed here. The links to
 * workspaces are relative, so in the copy they lead to the copy's own.
 */
export async function linkModules(copy: string): Promise<void> {
  const modules = join(root, "node_modules");
  await mkdir(join(copy, "node_modules"), { recursive: true });
  for (const entry of await readdir(modules, { withFileTypes: true })) {
    const from = join(modules, entry.name);
    const target = entry.isSymbolicLink() ? await readlink(from) : from;
    await symlink(target, join(copy, "node_modules", entry.name));
  }
}
