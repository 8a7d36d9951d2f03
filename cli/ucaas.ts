import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { reportFailure } from "./failure.ts";
import { Interrupted } from "./interruption.ts";
import { createProgram } from "./program.ts";
import { rememberEnvironment } from "./redact.ts";

const about = JSON.parse(readFileSync(findPackageJSON(import.meta.url)!, "utf8")) as {
  description: string;
  version: string;
};

const words = process.argv.slice(2);
// Taken by any command, and before commands read their options, since any of them can fail.
const debug = words.includes("--debug") || /\bucaas\b/.test(process.env.NODE_DEBUG ?? "");
if (words.includes("--no-color")) {
  process.env.NO_COLOR = "1";
  delete process.env.FORCE_COLOR;
}
const fail = (error: unknown) => reportFailure(error, { version: about.version, debug });

rememberEnvironment(process.env);
process.on("uncaughtException", (error) => {
  fail(error);
  process.exit();
});
// The reader of a pipe, such as `head`, may end first.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  error.code === "EPIPE" ? process.exit() : fail(error),
);

try {
  await createProgram(about).parseAsync(
    words.filter((word) => word !== "--debug" && word !== "--no-color"),
    { from: "user" },
  );
} catch (error) {
  fail(error);
  // A request under way, whose reply is no longer wanted, would keep the process.
  if (error instanceof Interrupted) process.exit();
}
