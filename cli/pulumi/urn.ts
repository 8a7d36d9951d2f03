/**
 * What a URN says of its resource: `urn:pulumi:<stack>::<project>::<qualified
 * type>::<name>`, where the qualified type is the types of the parents and
 * its own, with `$` between them. Only the name may have `::` in it.
 */
export function parseUrn(urn: string): { qualifiedType: string; type: string; name: string } {
  const [, , qualifiedType = "", ...name] = urn.split("::");
  return { qualifiedType, type: qualifiedType.split("$").at(-1) ?? "", name: name.join("::") };
}
