// What a run may not depend on: who starts it, and where.

/** Variables that change what a command prints, or which account, journal or stack it uses. */
const ambient =
  /^(CI$|CI_|GITHUB_|GITLAB_|NO_COLOR$|FORCE_COLOR$|NODE_DISABLE_COLORS$|COLUMNS$|NODE_OPTIONS$|PULUMI_|UCAAS_|XIMA_|ENABLEX_|NETSAPIENS_|XELION_)/;

/**
 * The environment without a pipeline's variables, wishes for colours, and settings of
 * Pulumi and the vendors. `PULUMI_HOME` stays: the engine is there.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function plainEnvironment(env = process.env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name === "PULUMI_HOME" || !ambient.test(name)),
  );
}
