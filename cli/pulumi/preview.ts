import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { z } from "zod";
import { stateSchema } from "./stack.ts";

/** What the engine prints for a secret. */
export const secretMark = "[secret]";

const stepSchema = z.object({
  op: z.string(),
  urn: z.string(),
  oldState: stateSchema.optional(),
  /** What the engine knows to be secret is `secretMark` in both. */
  newState: stateSchema.optional(),
  replaceReasons: z.array(z.string()).nullish(),
});
/** What a preview would do with a resource. */
export type Step = Readonly<z.output<typeof stepSchema>>;

const diagnosticSchema = z.object({
  urn: z.string().optional(),
  severity: z.string(),
  message: z.string(),
});
/** What the program, the engine or a provider said during the preview. */
export type Diagnostic = Readonly<z.output<typeof diagnosticSchema>>;

const previewSchema = z.object({
  steps: z.array(stepSchema).nullish(),
  diagnostics: z.array(diagnosticSchema).nullish(),
});

/** What `pulumi preview --json` prints. */
export interface Preview {
  /** With `--show-sames` also those that change nothing. */
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The preview, or undefined when the CLI printed none: it failed before the program ran. */
export function parsePreview(text: string): Preview | undefined {
  const { data } = previewSchema.safeParse(tryParseJson(text));
  return (
    data && {
      // What a project with `refresh: always` reads first is no change of the plan.
      steps: (data.steps ?? []).filter(({ op }) => op !== "refresh"),
      diagnostics: data.diagnostics ?? [],
    }
  );
}
