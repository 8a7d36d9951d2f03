import { type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** What lies in the folder of a stack's customer files. */
export interface CustomerFolder {
  /** `<slug>.yaml` files, by slug. */
  readonly files: readonly { readonly slug: string; readonly name: string }[];
  /**
   * What is not read, and what to do about it: a customer that is there would
   * silently not exist.
   */
  readonly unread: readonly { readonly name: string; readonly remedy: string }[];
}

/**
 * Decides what of a folder is read. Names that begin with a dot are an editor's and the
 * system's own.
 */
export function customerFolder(folder: string): CustomerFolder {
  const files: { slug: string; name: string }[] = [];
  const unread: { name: string; remedy: string }[] = [];
  const problem = folderProblem(dirname(folder), "..") ?? folderProblem(folder);
  if (problem) unread.push(problem);
  for (const entry of entriesOf(folder)) {
    const { name } = entry;
    const [, slug, extension] = /^(.*?)(\.ya?ml)?$/i.exec(name) as unknown as [
      string,
      string,
      string | undefined,
    ];
    if (entry.isDirectory()) {
      if (name.startsWith(".") || entriesOf(join(folder, name)).length === 0) continue;
      unread.push({ name, remedy: "move its files up: customers' files stand side by side" });
    } else if (extension === ".yaml" && !name.startsWith(".")) files.push({ slug, name });
    else if (extension)
      unread.push({ name, remedy: `rename it to ${slug.replace(/^\.+_?/, "")}.yaml` });
    else if (!name.startsWith(".")) {
      unread.push({ name, remedy: "move it elsewhere: here are only <slug>.yaml files" });
    }
  }
  return { files, unread };
}

/** What stands where a folder should be, and leads to none. */
function folderProblem(folder: string, name = "."): { name: string; remedy: string } | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found || statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const what = found.isSymbolicLink() ? "the link, which leads to no folder," : "the file";
  return { name, remedy: `replace ${what} by a folder, or remove it` };
}

/** The entries of a folder in alphabetical order; none when there is no such folder. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
