import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pendingCreates } from "pulumi-ucaas/internal/pending-creates";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import type { GivenConfig } from "pulumi-ucaas-stacks/internal/stack-files";
import { openWrites } from "../open-writes.ts";
import { parsePreview, type Step } from "../pulumi/preview.ts";
import { findProject } from "../pulumi/project.ts";
import { type PulumiOptions, type PulumiRun, pulumi } from "../pulumi/run.ts";
import {
  type StackConfig,
  type State,
  selectedStack,
  stackConfig,
  stackState,
} from "../pulumi/stack.ts";
import { bareName } from "../pulumi/stack-name.ts";
import { parseUrn } from "../pulumi/urn.ts";
import { redact } from "../redact.ts";

/**
 * The stack's config as the engine decrypts it: for the vendors' settings, and for the
 * customers.
 */
export interface Config extends GivenConfig, Pick<StackConfig, "get" | "require"> {}

/**
 * One stack of the project around the current folder, as the Pulumi CLI shows it and
 * changes it.
 */
export class Stack {
  /** As in the names of its files. */
  readonly name: string;
  /** Folder of the stack files. */
  readonly filesFolder: string;
  /** As the CLI takes it, which may be with organization and project. */
  readonly #fullName: string;

  private constructor(fullName: string, filesFolder: string) {
    this.name = bareName(fullName);
    this.filesFolder = filesFolder;
    this.#fullName = fullName;
  }

  /**
   * The stack of that name, or the one that is selected.
   *
   * @throws {UcaasError} `NO_PROJECT`, `NO_STACK`, `PULUMI_MISSING`
   */
  static async open(name: string | undefined): Promise<Stack> {
    const project = findProject();
    return new Stack(name ?? (await selectedStack(project)), project.stackFolder);
  }

  async config(): Promise<Config> {
    return withCustomers(await stackConfig(this.#fullName));
  }

  /** The resources in the state. What is secret in them is encrypted. */
  async resources(): Promise<readonly State[]> {
    return (await stackState(this.#fullName)).resources;
  }

  /** What interrupted runs may have left, a line for each. */
  async openWrites(): Promise<string[]> {
    const state = await stackState(this.#fullName);
    return await openWrites(this.#fullName, state.resources, {
      creates: pendingCreates(state),
    });
  }

  /**
   * What `pulumi up` would change.
   *
   * @throws {UcaasError} `PREVIEW_FAILED` with what the program, the engine or a provider said
   */
  async preview(env?: Record<string, string>): Promise<Step[]> {
    const { steps, failure } = await this.#preview(env);
    if (failure === undefined) return steps.filter(({ op }) => op !== "same");
    throw previewFailed(failure);
  }

  async #preview(
    env?: Record<string, string>,
  ): Promise<{ steps: Step[]; failure: string | undefined }> {
    const run = await this.#pulumi(["preview", "--json"], { env });
    const preview = parsePreview(run.stdout);
    const errors = (preview?.diagnostics ?? [])
      .filter(({ severity }) => severity === "error")
      .map(({ message }) => message.trim());
    const failed = !preview || run.exitCode !== 0 || errors.length > 0;
    return {
      steps: [...(preview?.steps ?? [])],
      failure: failed ? redact(errors.join("\n  ")) || tail(run) : undefined,
    };
  }

  /**
   * Whether the program reads the stack files: the state has one of their customers, or
   * the program says so in a preview. The preview may fail after that, for example while
   * a placeholder is left in the files.
   *
   * @throws {UcaasError} `PREVIEW_FAILED` when it cannot be known
   */
  async readsStackFiles(declared: ReadonlySet<string>): Promise<boolean> {
    const isDeclared = ({ urn }: { readonly urn: string }) => {
      const { type, name } = parseUrn(urn);
      return type === "ucaas:index:Customer" && declared.has(name);
    };
    if ((await this.resources()).some(isDeclared)) return true;
    const folder = mkdtempSync(join(tmpdir(), "ucaas-adopt-"));
    try {
      const answer = join(folder, "read");
      const { steps, failure } = await this.#preview({ UCAAS_STACK_FILES_READ: answer });
      if (existsSync(answer) || steps.some(isDeclared)) return true;
      if (failure === undefined) return false;
      throw previewFailed(failure);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** `pulumi preview --expect-no-changes`, literally. */
  async hasNoChanges(): Promise<{ yes: boolean; words: string }> {
    const run = await this.#pulumi(["preview", "--expect-no-changes"]);
    return { yes: run.exitCode === 0, words: tail(run) };
  }

  /**
   * `pulumi import` of a file. It holds secrets as they are, so it never lies on a disk:
   * on its way to the engine it is a pipe. Nothing is made by an import, so the engine
   * need not save the state after each resource: it saves all of them at the end, or
   * nothing.
   */
  async import(file: unknown, protect: boolean): Promise<void> {
    const flags = [
      "--generate-code=false",
      "--yes",
      "--skip-preview",
      "--suppress-outputs",
      `--protect=${protect}`,
    ];
    const options = { input: JSON.stringify(file), env: { PULUMI_SKIP_CHECKPOINTS: "true" } };
    const run = await this.#pulumi(["import", "--file", "/dev/stdin", ...flags], options);
    if (run.exitCode !== 0)
      throw new UcaasError(tail(run) || "pulumi printed no reason", {
        code: "PULUMI_FAILED",
        operation: "pulumi import",
        hint: steps(
          "Correct what pulumi reports.",
          "Run the same command again: nothing was changed at a vendor.",
        ),
      });
  }

  #pulumi(args: readonly string[], options?: PulumiOptions): Promise<PulumiRun> {
    return pulumi([...args, "--stack", this.#fullName], options);
  }
}

/** @throws {UcaasError} `CONFIG_INVALID`, which quotes nothing: it is decrypted */
export function withCustomers(config: StackConfig): Config {
  const structured = (key: string) => {
    const text = config.get(key);
    const value = text === undefined ? undefined : tryParseJson(text);
    if (text === undefined || value !== undefined) return value;
    throw new UcaasError(`${key} is plain text, not a map`, {
      code: "CONFIG_INVALID",
      hint: `write it as a map in the stack's file (docs/stack-files.md), or take it out: pulumi config rm ${key}`,
    });
  };
  const [defaults, customers] = [structured("ucaas:defaults"), structured("ucaas:customers")];
  return { ...config, defaults, customers, isSecret: (key) => config.isSecret(`ucaas:${key}`) };
}

function previewFailed(reason: string): UcaasError {
  return new UcaasError(`the preview failed:\n  ${reason}`, {
    code: "PREVIEW_FAILED",
    operation: "adopt",
    hint: [
      "nothing was imported",
      steps(
        "Correct what it says.",
        "Run the same command again: files that are written already are taken as they are.",
      ),
    ].join("\n    "),
  });
}

/** The end of what was printed, where the reason stands, without secrets. */
function tail({ stdout, stderr }: PulumiRun): string {
  return redact(`${stdout}${stderr}`).trim().split("\n").slice(-30).join("\n");
}
