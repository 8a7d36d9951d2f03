import { knownOrganization } from "pulumi-ucaas/internal/runtime/stack-identity";

/**
 * The name by which the CLI finds a stack from the project's folder, as short as it is sure:
 * a plain name is in the user's default organization, whichever that is.
 *
 * @param printed by `pulumi stack --show-name --fully-qualify-stack-names`:
 *   `organization/project/stack`, or the stack alone in a file backend's earlier layout
 */
export function nameInProject(printed: string, project: string): string {
  const [first, itsProject, name] = printed.split("/");
  if (name === undefined || itsProject !== project) return printed;
  const organization = knownOrganization(first);
  return organization === undefined ? name : `${organization}/${name}`;
}

/** A stack's name as the names of its files have it: without organization and project. */
export function bareName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}
