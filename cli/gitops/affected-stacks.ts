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
 * The stack that a file is of: its stack file, or a customer's. A stack whose files were
 * deleted owns them still.
 */
function ownerOf(file: string): string | undefined {
  return (
    /^Pulumi\.([^/]+)\.(?:json|ya?ml)$/.exec(file)?.[1] ??
    /^customers\/([^/]+)\/[^/]+\.yaml$/.exec(file)?.[1]
  );
}
