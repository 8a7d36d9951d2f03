import { InvalidArgumentError } from "commander";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";

/**
 * The argument that one job of a pipeline hands to another: what `ucaas ci stacks --json`
 * printed.
 */
export function stackList(text: string): string[] {
  const list = tryParseJson(text);
  if (
    Array.isArray(list) &&
    list.every((stack) => typeof stack === "string" && /^\w[\w.-]*$/.test(stack))
  )
    return list;
  throw new InvalidArgumentError('It must be a JSON array of names: ["one","two"].');
}
