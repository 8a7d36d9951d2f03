import type { Command } from "commander";

/** Examples of the commands whose own help has none, by their path. */
const examples: Readonly<Record<string, readonly string[]>> = {
  "adopt enablex": [
    "ucaas adopt enablex --stack prod               shows what would be done",
    "ucaas adopt enablex --stack prod --filter acme --yes",
  ],
  "adopt netsapiens": ["ucaas adopt netsapiens --client acme/acme-client --as acme-client=acme"],
  "adopt xima": ["ucaas adopt xima --tenants tenants.txt --yes"],
  "adopt xelion": ["ucaas adopt xelion --tenant https://my.server.xelion.com/pbx1"],
  "journal list": ["ucaas journal list --stack prod --open"],
  "journal resolve": ["ucaas journal resolve 3f9a01bc --stack prod  after a look at the vendor"],
  "journal move": ["ucaas journal move shop/live@s3://state shop/prod@s3://state --stack prod"],
  "journal accept": ["ucaas journal accept shop/prod@s3://state --stack prod"],
  "netsapiens verify": [
    "ucaas netsapiens verify --stack prod     every client of the stack's state",
    "ucaas netsapiens verify --client-id acme --domain acme --did +13125550100",
  ],
  "xima keys new": ['ucaas xima keys new --common-name "Voicehouse" --encrypt'],
  "xima keys fingerprint": ["ucaas xima keys fingerprint xima.crt.pem"],
  "xima keys check": [
    "ucaas xima keys check --key xima.key.pem --certificate xima.crt.pem --online",
  ],
  "xima import-file": ["ucaas xima import-file licences.yaml --out import.json"],
  "xima deletions": ["ucaas xima deletions --stack prod --json"],
  "receiver start": [
    "XELION_RELAY_KEY_FILE=key ucaas receiver start --public-url https://r.example",
  ],
  "ci stacks": ["ucaas ci stacks --json --changed-since origin/main --except sandbox"],
  "ci comment": ["ucaas ci comment --stacks '[\"prod\"]' --previews previews"],
  "ci find-preview": ["ucaas ci find-preview --commit 028ea8e"],
  "ci check-plan": [
    "ucaas ci check-plan --preview previews/preview-prod.json --before 028ea8e",
    "ucaas ci check-plan --preview previews/preview-prod.json --branch origin/main",
  ],
  "ci issue": ["ucaas ci issue --stacks '[\"prod\"]' --reports reports"],
};

/** Adds the examples to the help of all commands below one. */
export function addExamples(command: Command, path: readonly string[] = []): void {
  const lines = examples[path.join(" ")];
  if (lines)
    command.addHelpText("after", ["", "Examples:", ...lines.map((line) => `  ${line}`)].join("\n"));
  for (const inner of command.commands) addExamples(inner, [...path, inner.name()]);
}
