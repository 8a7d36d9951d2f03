import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UcaasError } from "../provider/dynamic/errors.ts";

/**
 * Asks for a passphrase on the terminal, without showing what is typed.
 *
 * @throws {UcaasError} `PASSPHRASE_MISSING` when there is no terminal or nothing was typed, `PASSPHRASE_DIFFERS` when the second was another.
 */
export async function askPassphrase(question: string, { twice = false } = {}): Promise<string> {
  if (!process.stdin.isTTY)
    throw fault(
      "PASSPHRASE_MISSING",
      "there is no terminal to ask for a passphrase on",
      "set XIMA_PRIVATE_KEY_PASSPHRASE_FILE to the path of a file that holds it",
    );
  // Made before anything is asked: it takes the terminal's echo away.
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  terminal.on("SIGINT", () => {
    terminal.close();
    process.stderr.write("\n");
    process.exit(130);
  });
  const ask = async (what: string) => {
    process.stderr.write(`${what}: `);
    const answer = await terminal.question("");
    process.stderr.write("\n");
    return answer;
  };
  try {
    const first = await ask(question);
    if (first === "") throw fault("PASSPHRASE_MISSING", "the passphrase is empty", "type one");
    if (twice && (await ask("Once more")) !== first)
      throw fault("PASSPHRASE_DIFFERS", "the two passphrases are not the same", "run the command again");
    return first;
  } finally {
    terminal.close();
  }
}

const silent = new Writable({ write: (_chunk, _encoding, done) => done() });

function fault(code: string, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, operation: "passphrase", hint });
}
