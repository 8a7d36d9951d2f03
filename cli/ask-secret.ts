import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { credentialProblem } from "pulumi-ucaas/internal/runtime/identifiers";

/**
 * Asks for a secret on the terminal, without showing what is typed.
 *
 * @param hint  what to do where there is no terminal
 * @throws {UcaasError} `SECRET_MISSING` when there is no terminal or nothing was typed,
 *   `SECRET_INVALID` when it holds what no secret can, `SECRET_DIFFERS` when the second
 *   was another.
 */
export async function askSecret(
  question: string,
  hint: string,
  { twice = false } = {},
): Promise<string> {
  if (!process.stdin.isTTY)
    throw fault(
      "SECRET_MISSING",
      `${question}: not given, and there is no terminal to ask on`,
      hint,
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
    if (first === "")
      throw fault("SECRET_MISSING", `${question}: nothing was typed`, "run the command again");
    const problem = credentialProblem(first);
    if (problem)
      throw fault(
        "SECRET_INVALID",
        `${question}: ${problem}`,
        "type it, or paste it without blanks and line breaks",
      );
    if (twice && (await ask("Once more")) !== first)
      throw fault("SECRET_DIFFERS", "the two are not the same", "run the command again");
    return first;
  } finally {
    terminal.close();
  }
}

const silent = new Writable({ write: (_chunk, _encoding, done) => done() });

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, hint });
}
