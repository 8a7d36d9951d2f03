import slugify from "@sindresorhus/slugify";

/**
 * A customer's slug: the first of its names that has letters or digits at all, in lower-case letters, digits and hyphens
 * (`Bäckerei Zürich` is `baeckerei-zuerich`), with a number behind it where that is taken.
 */
export function slugOf(names: readonly string[], isTaken: (slug: string) => boolean): string {
  const name = names.find((each) => readable(each) !== "");
  const base = name === undefined ? "customer" : readable(name);
  for (let number = 1; ; number++) {
    const slug = number === 1 ? base : `${base}-${number}`;
    if (!isTaken(slug)) return slug;
  }
}

function readable(name: string): string {
  return slugify(name, { decamelize: false });
}
