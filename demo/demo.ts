/**
 * `npm run demo`: the main job, on the real Pulumi engine, against the sandbox. Each step
 * is a command that a user would type; the demo ends with 0 only if every step did what
 * it says.
 */
import { reservePort } from "../sandbox/reserve-port.ts";
import { startSandbox } from "../sandbox/start.ts";
import { steps } from "./steps.ts";
import { startWebhook } from "./webhook.ts";
import { type Outcome, Playground } from "./workspace.ts";

const begun = performance.now();
const sandbox = await startSandbox();
const webhook = await startWebhook(({ platform, text }) =>
  console.log(`    ${bold(`${platform} shows`)}\n${text.replace(/^/gm, "    │ ")}`),
);
try {
  // Slow enough that the wait for an order is seen to progress.
  sandbox.xelion.server.setOptions({ courseMs: 1000 });
  // The address has to be given to Xelion before the run that listens there starts.
  const callback = `127.0.0.1:${await reservePort()}`;
  const playground = new Playground({
    ...sandbox.environment,
    XELION_CALLBACK: JSON.stringify({ listen: callback, url: `http://${callback}` }),
    UCAAS_WEBHOOK_URL: webhook.url,
  });
  await playground.run("pulumi", ["stack", "init", "sandbox", "--no-select"], { quiet: true });
  for (const [index, step] of steps.entries()) {
    console.log(`\n${bold(`${index + 1}. ${step.title}`)}`);
    await step.before?.(sandbox, playground.project);
    const outcomes: Outcome[] = [];
    for (const command of [step.command, ...(step.further ?? [])]) {
      console.log(`  $ npx ${command.map(quoted).join(" ")}`);
      const [program, ...args] = command;
      outcomes.push(await playground.run(program, args, { input: step.input?.(sandbox) }));
    }
    const exitCode = Math.max(...outcomes.map((each) => each.exitCode));
    const output = outcomes.map((each) => each.output).join("");
    await step.proof({ exitCode, output }, sandbox, playground.project, webhook);
    console.log(`  ${bold("✓")} exit status ${exitCode}, as it should be`);
  }
  const seconds = Math.round((performance.now() - begun) / 1000);
  const verdict = bold(`All ${steps.length} steps did what they say`);
  console.log(`\n${verdict}, in ${seconds} s. Next: npm run sandbox, to play by hand.`);
} catch (error) {
  console.error(
    `\n${bold("The demo stopped")}: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 1;
} finally {
  webhook.stop();
  await sandbox.stop();
}

function bold(text: string): string {
  return process.stdout.isTTY ? `\u001b[1m${text}\u001b[22m` : text;
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument}'`;
}
