import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const program = `
import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), sort_keys=False, separators=(",", ":")), flush=True)
`;

/**
 * One Python process that reads JSON and writes it as the licence server does: as
 * \`json.dumps(body, sort_keys=False, separators=(",", ":"))\`.
 */
export function python() {
  const child = spawn("python3", ["-c", program], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PYTHONIOENCODING: "utf-8" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** The JSON text on one line, as Python writes it again. */
    async dumps(text: string): Promise<string> {
      child.stdin.write(`${text}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("python3 ended.");
      return value;
    },
    stop: () => child.stdin.end(),
  };
}
