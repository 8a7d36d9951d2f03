/**
 * Changes how stack traces are written for as long as the SDK registers a resource, and
 * answers what puts everything back.
 *
 * - The SDK writes one down for each promise that it makes, four for each property: a good
 *   part of a preview's time, for traces that only show leaks in the SDK. They are left
 *   out; a leak is still reported with the names of its resource and property.
 * - Every other one is written without source maps, which would be read for every line.
 * - The one that tells where the resource is declared has no limit of lines
 *   (`Resource.callsites` in the SDK). It is mapped as ever, and has no line of
 *   `ownFile`: the SDK counts on one class between `CustomResource` and the program, and
 *   would take the second for the program. It ends with the program's own line: what
 *   called the program is the same for each resource, and a fifth of its state.
 *
 * What is thrown meanwhile is mapped as ever when it is caught outside: V8 writes a trace
 * when it is first read.
 */
export function disableSourceMapsWhile(ownFile: string): () => void {
  const { prepareStackTrace: mapped } = Error as Partial<typeof Error>;
  const prepareStackTrace: typeof mapped = (error, frames) => {
    if (frames[0]?.getFunctionName() === "debuggablePromise") return String(error);
    const others = frames.filter((frame) => frame.getFileName() !== ownFile);
    const tellsTheDeclaration = Error.stackTraceLimit === Number.POSITIVE_INFINITY;
    return mapped && tellsTheDeclaration
      ? upToProgram(mapped, error, others)
      : [error, ...others].join("\n    at ");
  };
  Object.assign(Error, { prepareStackTrace });
  return () => Object.assign(Error, { prepareStackTrace: mapped });
}

type PrepareStackTrace = NonNullable<typeof Error.prepareStackTrace>;

/**
 * The SDK passes over five lines of its own. A sixth that has no position it can read (an
 * ES module's) would only be kept as `{}`.
 */
function upToProgram(mapped: PrepareStackTrace, error: Error, frames: NodeJS.CallSite[]): unknown {
  const isReadable = !/^(file|node):/.test(frames[5]?.getFileName() ?? "node:");
  return mapped(error, frames.slice(0, isReadable ? 6 : 5));
}
