import { expect, test } from "vitest";
import { plainEnvironment } from "../../tools/environment.mjs";

test("a run depends on no pipeline, wish for colours, account or stack of who starts it", () => {
  const machine = { PATH: "/bin", HOME: "/home/me", PULUMI_HOME: "/engines", LANG: "tr_TR" };
  const others = {
    CI: "true",
    CI_JOB_ID: "1",
    GITHUB_ACTIONS: "true",
    GITLAB_CI: "true",
    NO_COLOR: "1",
    FORCE_COLOR: "1",
    COLUMNS: "40",
    NODE_OPTIONS: "--inspect",
    PULUMI_STACK: "production",
    UCAAS_JOURNAL: "postgres://db/journal",
    XIMA_ADOPT: "acme",
    ENABLEX_ACCESS_KEY: "key",
    NETSAPIENS_PASSWORD: "password",
    XELION_BASE_URL: "https://xelion.example",
  };
  expect(plainEnvironment({ ...others, ...machine })).toEqual(machine);
});

test("each test file starts without them too", () => {
  // CI of this project may set any of them, and vitest.config.ts sets one.
  expect(plainEnvironment(process.env)).toEqual(process.env);
  expect(process.env).not.toHaveProperty("CI");
});
