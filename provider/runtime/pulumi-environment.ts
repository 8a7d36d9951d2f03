/**
 * The CLI takes each of its flags from a variable, too. These change the form of what it
 * prints, what is in it, or the folder in which it works.
 */
const ofOutput = new RegExp(
  `^PULUMI_(ENABLE_STREAMING_JSON_PREVIEW|OPTION_(${[
    ...["ALL", "CWD", "DIFF", "EXPECT_NO_CHANGES", "FILE", "FULLY_QUALIFY_STACK_NAMES", "JSON"],
    ...["OUTPUT", "SHOW_\\w+", "SUPPRESS_OUTPUTS", "VERSION"],
  ].join("|")}))$`,
);

/** The environment for a command of the Pulumi CLI whose output is read. */
export function pulumiEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !ofOutput.test(name));
  return { ...Object.fromEntries(kept), PULUMI_SKIP_UPDATE_CHECK: "true" };
}
