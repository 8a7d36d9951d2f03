import { posix } from "node:path";

/**
 * What no stack can use, whatever its config says: it may name a file of any folder, such
 * as a price list in `docs/`.
 */
const ignoredPaths = new RegExp(
  [
    /\.md$/,
    /^docs\/.+\.(png|jpe?g|gif|svg|webp|pdf)$/,
    /^\.github\/(workflows\/.+|CODEOWNERS|dependabot\.yml)$/,
    /^\.gitlab-ci\.yml$/,
    /^\.vscode\/(settings|extensions)\.json$/,
    /^\.gitignore$/,
  ]
    .map(({ source }) => source)
    .join("|"),
);

/**
 * The stacks that a change of files concerns: those whose own files changed, and all of
 * them when anything changed that is not known to be without effect.
 *
 * @param files  changed files, relative to the project's folder, with slashes
 * @param stackFolder  folder of the stack files, relative to the project's folder: `stacks`
 */
export function affectedStacks(
  files: readonly string[],
  stackFolder: string,
  stacks: readonly string[],
): string[] {
  const touched = new Set<string>();
  for (const file of files) {
    const owner = ownerOf(posix.relative(stackFolder, file));
    if (owner !== undefined) touched.add(owner);
    else if (!ignoredPaths.test(file)) return [...stacks];
  }
  return stacks.filter((stack) => touched.has(stack));
}

/**
 * The changed files that are of a stack, but of none that there is: each stack file, and
 * each folder of customers' files. Nothing reads them, so their customers would not exist.
 *
 * @param files  those that the change has not deleted, as for `affectedStacks`
 */
export function filesOfNoStack(
  files: readonly string[],
  stackFolder: string,
  stacks: readonly string[],
): string[] {
  const found = files.flatMap((file) => {
    const path = posix.relative(stackFolder, file);
    // With every YAML file: the program of the stack would refuse those that are misnamed.
    const folder = /^customers\/([^/]+)\/.+\.ya?ml$/i.exec(path)?.[1];
    const owner = folder ?? ownerOf(path);
    if (owner === undefined || stacks.includes(owner)) return [];
    return [folder === undefined ? file : posix.join(stackFolder, "customers", folder)];
  });
  return [...new Set(found)].sort();
}

/**
 * The stack that a file is of: its stack file, or a customer's. A stack whose files were
 * deleted owns them still.
 */
function ownerOf(file: string): string | undefined {
  return (
    /^Pulumi\.([^/]+)\.(?:json|ya?ml)$/.exec(file)?.[1] ??
    /^customers\/([^/]+)\/[^/]+\.yaml$/.exec(file)?.[1]
  );
}
