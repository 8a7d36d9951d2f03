import { InvalidArgumentError } from "commander";

/** The argument that one job of a pipeline hands to another: what `ucaas stacks --json` printed. */
export function stackList(text: string): string[] {
  const list: unknown = json(text);
  if (Array.isArray(list) && list.every((stack) => typeof stack === "string" && /^\w[\w.-]*$/.test(stack))) return list;
  throw new InvalidArgumentError('It must be a JSON array of names: ["one","two"].');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
