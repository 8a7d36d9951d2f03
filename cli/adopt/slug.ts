import slugify from "@sindresorhus/slugify";

/**
 * A customer's slug: the first of its names that has letters or digits at all, in
 * lower-case letters, digits and hyphens (`Bäckerei Zürich` is `baeckerei-zuerich`), with
 * a number behind it where that is taken. A slug has at most 63 characters.
 */
export function slugOf(names: readonly string[], isTaken: (slug: string) => boolean): string {
  const name = names.find((each) => readable(each) !== "");
  const base = name === undefined ? "customer" : readable(name);
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : `-${number}`;
    const slug = `${shortened(base, longest - suffix.length)}${suffix}`;
    if (!isTaken(slug)) return slug;
  }
}

/** It is a file's name, and a part of the names of all resources. */
const longest = 63;

function shortened(slug: string, length: number): string {
  return slug.slice(0, length).replace(/-+$/, "");
}

function readable(name: string): string {
  return slugify(name, { decamelize: false });
}
