import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { GitHub } from "./github.ts";
import { GitLab } from "./gitlab.ts";
import type { Platform } from "./platform.ts";

/** The platform whose pipeline this command runs in. */
export function detectPlatform(): Platform {
  const { env } = process;
  if (env.GITHUB_ACTIONS === "true") return new GitHub(env);
  if (env.GITLAB_CI === "true") return new GitLab(env);
  throw new UcaasError("this is neither a GitHub workflow nor a GitLab pipeline", {
    code: "NO_FORGE",
    hint: "the command is for pipelines, which set GITHUB_ACTIONS or GITLAB_CI (docs/gitops.md)",
  });
}
