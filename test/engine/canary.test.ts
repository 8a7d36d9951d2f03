import { createPrivateKey } from "node:crypto";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { licenceServer } from "../xima/licence-server.ts";
import { canary, leaksBelow, leaksIn } from "./canary.ts";
import { secret, workspace } from "./workspace.ts";

/** A vendor with a canary in every secret that it can be given: config and arguments. Programs take them from the config, as people do. */
interface Row {
  readonly vendor: string;
  /** Starts the vendor's server. */
  start(): Promise<{
    readonly config: Record<string, unknown>;
    readonly secrets: readonly string[];
    /** Text of a program; the second one changes what the first one makes. */
    readonly programs: readonly [string, string];
    /** The next write is refused, by a server that quotes what it was sent. */
    refuse(): void;
    /** Somebody puts another secret into the server by hand. */
    changeElsewhere(): void;
    /** The answer to the next write breaks off. */
    breakOff(): void;
    stop(): Promise<void>;
  }>;
}

const rows: Row[] = [
  {
    vendor: "Xima",
    async start() {
      const { server, pem, config } = await licenceServer();
      const passphrase = canary("passphrase");
      const elsewhere = canary("elsewhere");
      const sip = ["username", "password", "sipServer", "outboundProxy"].map(canary);
      const privateKey = createPrivateKey(pem).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }).toString();
      const program = (seats: number) => `
        import * as pulumi from "@pulumi/pulumi";
        import { XimaLicense } from "pulumi-ucaas";
        const config = new pulumi.Config();
        const [username, password, sipServer, outboundProxy] = [0, 1, 2, 3].map((index) => config.requireSecret("sip" + index));
        new XimaLicense("acme", {
          ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" },
          professionalSeats: ${seats},
          reassertAfter: "1s",
          sipCredentials: { username, password, sipServer, outboundProxy },
        });`;
      return {
        config: {
          ...config,
          "xima:privateKey": secret(privateKey),
          "xima:privateKeyPassphrase": secret(passphrase),
          ...Object.fromEntries(sip.map((value, index) => [`sip${index}`, secret(value)])),
        },
        secrets: [passphrase, elsewhere, ...sip, ...pem.split("\n").slice(1, -2), ...privateKey.split("\n").slice(1, -2)],
        programs: [program(5), program(6)],
        refuse: () =>
          void server.fault({
            kind: "status",
            status: 400,
            bodyMatches: "professionalSeats",
            body: { code: "VALIDATION_ERROR", message: `refused: ${sip.join(" and ")} with ${JSON.stringify(sip)}` },
          }),
        changeElsewhere: () =>
          void Object.assign(server.state.customers["voicehouse/acme"]!.licence.sipCredentials!, { password: elsewhere }),
        breakOff: () => void server.fault({ kind: "malformed", bodyMatches: "professionalSeats" }),
        stop: () => server.stop(),
      };
    },
  },
];

test.each(rows)(
  "no secret of $vendor is in any output, log, error, diff, file or exported state",
  { timeout: 300_000 },
  async ({ start }) => {
    const { config, secrets, programs, refuse, changeElsewhere, breakOff, stop } = await start();
    await using stack = await workspace({ program: programs[0], config, env: { NODE_DEBUG: "ucaas" } });
    const outputs: string[] = [];
    const run = async (args: string[]) => {
      const { output, exitCode } = await stack.pulumi([...args, "--logtostderr", "-v=3"]);
      outputs.push(output);
      return exitCode;
    };
    const up = ["up", "--yes", "--skip-preview"];

    expect(await run(["preview", "--diff"])).toBe(0);
    refuse();
    expect(await run(up)).not.toBe(0);
    breakOff();
    expect(await run(up)).not.toBe(0);
    expect(await run(up)).toBe(0);
    changeElsewhere();
    await stack.writeProgram(programs[1]);
    expect(await run(["preview", "--diff"])).toBe(0);
    refuse();
    expect(await run(up)).not.toBe(0);
    expect(await run([...up, "--diff"])).toBe(0);
    expect(await run(["refresh", "--yes", "--diff"])).toBe(0);
    outputs.push(JSON.stringify(await stack.export()), JSON.stringify(await stack.outputs()));
    const keptFiles = await leaksBelow(dirname(stack.folder), secrets);
    expect(await run(["destroy", "--yes"])).toBe(0);
    await stop();

    expect(outputs.join("\n")).toMatch(/UCAAS \d+: \w+ POST \S+ -> 200/);
    expect(outputs.join("\n")).toContain("[secret]");
    expect(keptFiles).toEqual([]);
    expect(await leaksBelow(dirname(stack.folder), secrets)).toEqual([]);
    expect(leaksIn(outputs.join("\n"), secrets)).toEqual([]);
  },
);

test("the search would find a secret in each of its spellings", () => {
  const word = canary("word");
  for (const seen of [
    word,
    JSON.stringify({ word }),
    JSON.stringify(JSON.stringify({ word })),
    `?q=${encodeURIComponent(word)}`,
    new URLSearchParams({ word }).toString(),
    ...["", "a", "ab", "abc"].flatMap((user) => [
      `Basic ${Buffer.from(`${user}:${word}`).toString("base64")}`,
      Buffer.from(`${user}:${word}, and more`).toString("base64url"),
    ]),
  ]) {
    expect(leaksIn(`some ${seen} text`, [word]), seen).not.toEqual([]);
    expect(leaksIn(`some ${seen} text`, [canary("other")]), seen).toEqual([]);
  }
});
