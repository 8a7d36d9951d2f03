import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";

/** An environment variable that the pipeline should have. */
export function requireEnv(env: NodeJS.ProcessEnv, name: string, hint: string): string {
  const value = env[name];
  if (value) return value;
  throw new UcaasError(`the environment variable ${name} is not set`, {
    code: "CONFIG_MISSING",
    hint,
  });
}
