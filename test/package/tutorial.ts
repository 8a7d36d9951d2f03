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
 * A shell script that does what the page says: files are written, commands run, in the
 * page's order, in one shell that stops at the first command that fails. What has a
 * terminal of its own, or is done in the clone, is left to the test.
 */
export function script(page: string): string {
  return blocks(page)
    .filter(({ about }) => !about.terminal && !about.in)
    .map(({ language, about, text }) => {
      if (about.file) return `cat > ${about.file} <<'END OF FILE'\n${text}END OF FILE\n`;
      if (language !== "sh")
        throw new Error(`A block in ${language} that is neither a file nor a command: ${text}`);
      return text;
    })
    .join("\n");
}
