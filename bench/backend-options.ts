import type { Contender } from "./contender.ts";
import { ucaas } from "./customer-programs.ts";
import { pulumiContender } from "./pulumi-contender.ts";

const options = {
  none: {},
  gzip: { PULUMI_DIY_BACKEND_GZIP: "true" },
  zstd: { PULUMI_DIY_BACKEND_ZSTD: "true" },
  "no backups": { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" },
  "zstd, no backups": {
    PULUMI_DIY_BACKEND_ZSTD: "true",
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
  },
  // Not offered: docs/scale.md says why.
  "no checkpoints": { PULUMI_DIY_BACKEND_ZSTD: "true", PULUMI_SKIP_CHECKPOINTS: "true" },
  "parallel diff": { PULUMI_DIY_BACKEND_ZSTD: "true", PULUMI_PARALLEL_DIFF: "true" },
} satisfies Record<string, Record<string, string>>;

/** The same customers with each option that the engine has for file and PostgreSQL backends. */
export function backendOptionContenders(modules: string): Contender[] {
  return Object.entries(options).map(([name, env]) =>
    pulumiContender(ucaas, modules, { name, env }),
  );
}
