/**
 * Texts that Pulumi's dynamic host is about to print, though the engine prints the same
 * error in its place.
 */
const expected = new Set<string>();

let isFiltering = false;

/**
 * The dynamic host prints what `check`, `diff`, `read` and `delete` throw, and hands it
 * to the engine, which prints it again beside the resource. The first comes below the
 * stack, where it belongs to no resource.
 */
export function printOnlyByEngine(error: Error): void {
  if (!isFiltering) filter();
  expected.add(`${error}: ${error.stack}`);
}

function filter(): void {
  isFiltering = true;
  const print = console.error;
  console.error = (...args: unknown[]) => {
    if (args.length === 1 && expected.delete(String(args[0]))) return;
    print(...args);
  };
}
