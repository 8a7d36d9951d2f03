#!/usr/bin/env node
// The command `ucaas`. Plain JavaScript, so that a Node which is too old can say so: here
// the rest is TypeScript, which Node strips itself.
const neededMajor = 22;
const neededMinor = 19;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  const needed = `${neededMajor}.${neededMinor}`;
  console.error(
    [
      `This is Node ${process.versions.node}; ucaas needs Node ${needed} or newer.`,
      'In a project that has pulumi-ucaas, run it as "npx ucaas", which finds the project\'s own Node;',
      "else install a newer one (https://nodejs.org).",
    ].join(" "),
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import("node:module");
  const { existsSync } = await import("node:fs");
  const { dirname, join } = await import("node:path");
  const { dataDir } = await import("pulumi-ucaas/internal/runtime/data-dir");
  // Half the time of a short command is spent on compiling what an earlier one compiled.
  // Node never returns where the folder cannot be created below one that is not there, as
  // in /proc.
  if (existsSync(dirname(dataDir()))) enableCompileCache(join(dataDir(), "compiled"));
  await import("./ucaas.ts");
}
