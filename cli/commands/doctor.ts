import { Command, Option } from "commander";
import { print } from "../output.ts";
import { OutputFile } from "../output-file.ts";
import { wholeNumber } from "./whole-number.ts";

const details = `
Exit status: 0 all is in order, 2 something needs action, 1 a check could not
tell and nothing needs action.

What is checked: Node, the Pulumi CLI and SDK, backend and passphrase, the
intent journal, proxy variables, and each account of each vendor in the stack's
config: address, TLS, clock, login, certificate, browser, receiver.
Nothing is changed, in the state or at a vendor.

Examples:
  ucaas doctor                             the selected stack
  ucaas doctor --stack prod --min-days 60  for certificates that end in 2 months
  ucaas doctor --stack prod --json --out doctor.json`;

/** `ucaas doctor`: whether this machine, this stack and its accounts are fit for a run. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check this machine, the stack and its accounts, with what to do; reads only")
    .option("-s, --stack <name>", "the stack; default the selected one")
    .addOption(
      new Option("--min-days <number>", "a certificate with fewer days left needs action")
        .default(30)
        .argParser(wholeNumber),
    )
    .addOption(
      new Option("--timeout <seconds>", "for each check").default(30).argParser(wholeNumber),
    )
    .option("--json", "the report as JSON")
    .option("-o, --out <file>", "write the JSON report here, for ucaas notify")
    .addHelpText("after", details)
    .action(doctor);
}

interface Options {
  stack?: string;
  minDays: number;
  timeout: number;
  json?: true;
  out?: string;
}

async function doctor({ stack, minDays, timeout, json, out }: Options): Promise<void> {
  const [{ examine }, { doctorReport, exitStatus }, { asTable }] = await Promise.all([
    import("../doctor/examine.ts"),
    import("../doctor/report.ts"),
    import("../doctor/render.ts"),
  ]);
  const file = OutputFile.prepare(out, "--out");
  const { stack: name, findings } = await examine({ stack, minDays, seconds: timeout });
  const report = doctorReport(name, findings);
  const text = `${JSON.stringify(report, null, 2)}\n`;
  print(json ? text.trimEnd() : asTable(report));
  file?.write(text);
  process.exitCode = exitStatus[report.status];
  // What did not end in time, such as the call of a database, is not waited for.
  if (findings.some(({ code }) => code === "CHECK_TIMEOUT"))
    process.stdout.write("", () => process.exit());
}
