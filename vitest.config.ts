import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { hangLimit } from "./test/hang-limit.ts";
import { LongestFirst } from "./test/sequencer.ts";

const everywhere = {
  environment: "node",
  setupFiles: join(import.meta.dirname, "test", "environment.ts"),
  env: {
    // Else the provider process keeps compiled code in the user's own folder.
    NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules", ".cache", "compiled"),
    // As on a machine of a pipeline. The setup file takes it away again, with all like it.
    CI: "true",
  },
  // A process for each file: some tests load the SDK, which keeps state for the whole process.
  pool: "forks",
  // Only a test that hangs ends by these. A test has more time than a command or a wait in
  // it, whose error says more.
  testTimeout: 2 * hangLimit,
  hookTimeout: 2 * hangLimit,
  expect: { poll: { timeout: hangLimit } },
} as const;

/** What needs the engine for most of its time. */
const engine = ["test/engine/**/*.test.ts", "test/package/**/*.test.ts"];

export default defineConfig({
  test: {
    // One more than there are cores: a file often waits, for a process to start or for a
    // reply that a test holds. On a large machine, memory bounds them: an engine takes 0.6 GB.
    maxWorkers: Math.min(availableParallelism() + 1, 6),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...everywhere,
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: engine,
          sequence: { groupOrder: 0 },
        },
      },
      // After all others: they take minutes, and what is broken shows in the quick ones first.
      {
        test: {
          ...everywhere,
          name: "engine",
          include: engine,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
