import { printable } from "./printable.ts";

/**
 * A line that `pulumi up` and `preview` show below Diagnostics, while they run. The
 * engine takes what a provider prints as information; it cannot tell for which resource,
 * so the line says so itself.
 */
export function logInfo(type: string, thing: string, text: string): void {
  console.log(printable(`${type} ${thing}: ${text}`));
}
