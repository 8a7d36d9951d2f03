/**
 * Providers with a known fault, to show that the oracle sees it. Each is a copy of the
 * provider's source with one change.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../tools/engine/paths.mjs";

interface Mutant {
  readonly about: string;
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
}

export const mutants = {
  "repeated-post": {
    about: "a write whose reply was lost is sent again at once",
    file: "provider/http/retry.ts",
    from: /if \(repeatable === "(?:never|if-unsent)"[^\n]*attempts\) return undefined;/,
    to: "if (attempt.number >= policy.attempts) return undefined;\n  repeatable = 'safe';",
  },
  "blind-journal": {
    // The journal knows its own name: else its own pending order would count as another's.
    about: "an intent that was written is never found again",
    file: "provider/runtime/journal-folder.ts",
    from: /(async read\([^\n]*\{\n)/,
    to: '$1    if (key.vendor !== "ucaas") return undefined;\n',
  },
  "blind-ownership": {
    about: "a delete does not ask whether another resource has taken the object over",
    file: "provider/runtime/ownership.ts",
    from: /return \(this\.#owners\.get\(remoteId\)\?\.size \?\? 0\) > 0;/,
    to: "return false;",
  },
  "lost-partial-failure": {
    about: "a failure after something was made says only that it failed",
    file: "provider/runtime/dispatch.ts",
    from: /if \(error instanceof PartialFailure\)/,
    to: "if (error instanceof PartialFailure && error.id === '')",
  },
} satisfies Record<string, Mutant>;

export type MutantName = keyof typeof mutants;

/** A copy of the package with the mutant's change, which is gone at the end of the block. */
export async function makeMutant(name: MutantName): Promise<{ folder: string } & AsyncDisposable> {
  const { file, from, to } = mutants[name];
  const folder = await mkdtemp(join(tmpdir(), "ucaas-mutant-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await Promise.all([
      cp(join(root, "provider"), join(folder, "provider"), { recursive: true }),
      cp(join(root, "package.json"), join(folder, "package.json")),
      symlink(join(root, "node_modules"), join(folder, "node_modules")),
    ]);
    const source = await readFile(join(folder, file), "utf8");
    if (!from.test(source))
      throw new Error(`The mutant ${name} finds nothing to change in ${file}: ${from}`);
    await writeFile(join(folder, file), source.replace(from, to));
    return { folder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
