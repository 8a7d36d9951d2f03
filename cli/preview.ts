import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { mergedInto } from "./gitops/git.ts";
import type { PreviewReport } from "./gitops/preview-report.ts";
import { findProject } from "./project.ts";
import { pulumi } from "./pulumi.ts";

/** `ucaas preview`: a preview that a pipeline can hand on, to a comment and to the `pulumi up` that keeps to it. */
export function previewCommand(): Command {
  return new Command("preview")
    .description("pulumi preview --diff of a stack, kept for a pipeline: the text for ucaas comment, the plan for pulumi up --plan")
    .requiredOption("-s, --stack <name>", "the stack")
    .option("--plan <file>", "save the plan here")
    .option("-o, --out <file>", "write what the preview said here, as JSON")
    .action(async ({ stack, plan, out }: { stack: string; plan?: string; out?: string }) => {
      for (const file of [plan, out]) if (file !== undefined) mkdirSync(dirname(file), { recursive: true });
      const lines: string[] = [];
      const { exitCode, stderr } = await pulumi(
        ["preview", "--stack", stack, "--diff", "--suppress-progress", ...(plan === undefined ? [] : ["--save-plan", plan])],
        {
          onLine(line) {
            console.log(line);
            // The plan's name, and the command for it, are of no use to who reads a comment.
            if (!/^(Update plan written to|Run `pulumi up --plan)/.test(line)) lines.push(line);
          },
        },
      );
      process.stderr.write(stderr);
      const text = `${[...lines, ...stderr.trimEnd().split("\n")].join("\n").trim()}\n`;
      const report: PreviewReport = {
        version: 1,
        stack,
        status: exitCode === 0 ? "ok" : "failed",
        base: await mergedInto(findProject()),
        text,
      };
      if (out !== undefined) writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
      process.exitCode = exitCode === 0 ? 0 : 1;
    });
}
