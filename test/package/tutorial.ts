/**
 * One fenced block of a page, with the words behind its language: `sh in=pulumi-ucaas`,
 * `ts file=index.ts`.
 */
interface Block {
  readonly language: string;
  readonly about: Record<string, string>;
  readonly text: string;
}

/** The fenced blocks of a page, in order. */
function blocks(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = "", words = "", text = ""]) => ({
      language,
      about: Object.fromEntries(
        [...words.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value]),
      ) as Record<string, string>,
      text,
    }),
  );
}

/**
 * Shell scripts that do what the page says: files are written, commands run, in the
 * page's order, in one shell that stops at the first command that fails. They are what
 * comes before and after the block that has a terminal of its own. What is done in the
 * clone is left to the test.
 */
export function script(page: string): { before: string; after: string } {
  const all = blocks(page).filter(({ language, about }) => language !== "" && !about.in);
  const own = all.findIndex(({ about }) => about.terminal);
  return {
    before: all.slice(0, own).map(lineOf).join("\n"),
    after: ["cd voice", ...all.slice(own + 1).map(lineOf)].join("\n"),
  };
}

function lineOf({ language, about, text }: Block): string {
  if (about.file) return `cat > ${about.file} <<'END OF FILE'\n${text}END OF FILE\n`;
  if (language !== "sh")
    throw new Error(`A block in ${language} that is neither a file nor a command: ${text}`);
  return text;
}
