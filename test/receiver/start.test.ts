import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { X509CertificateGenerator } from "@peculiar/x509";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { receiverStartCommand } from "../../receiver/start.ts";
import { node, root } from "../../tools/engine/paths.mjs";
import { linkModules } from "../package/link-modules.ts";
import {
  alone,
  ask,
  folder,
  ReceiverProcess,
  register,
  relayKey,
  ucaas,
} from "./receiver-process.ts";

let files: string;
beforeEach(() => {
  const created = folder();
  onTestFinished(() => created[Symbol.dispose]());
  files = created.path;
});

async function start(
  args: string[] = [],
  env: Record<string, string> = {},
  command?: string[],
): Promise<ReceiverProcess> {
  const receiver = await ReceiverProcess.start(files, args, env, command);
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  return receiver;
}

async function certificate(name: string): Promise<{ certificate: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const extensions = [
    new (await import("@peculiar/x509")).SubjectAlternativeNameExtension([
      { type: "dns", value: name },
    ]),
  ];
  const created = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  });
  return {
    certificate: created.toString("pem"),
    key: `${KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" })}`,
  };
}

describe("the command starts", () => {
  test("as `ucaas receiver start`, with a file only its owner can read, and silent on stderr", async () => {
    const receiver = await start([], {}, ucaas);
    expect((await stat(join(files, "xelion-receiver.sqlite"))).mode & 0o777).toBe(0o600);
    await register(receiver.url);
    await receiver.signal("SIGTERM");
    const lines = receiver.output.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(
      lines.map(() => "info"),
    );
  });

  test("with the public address that Xelion is to call, below a path too", async () => {
    const receiver = await start(["--public-url", "https://relay.example/xelion/"]);
    expect((await register(receiver.url)).callbackUrl).toMatch(
      /^https:\/\/relay\.example\/xelion\/callback\/[A-Za-z0-9_-]{43}$/,
    );
  });

  test("with TLS from certificate files, so that no proxy is needed", async () => {
    const created = await certificate("relay.example");
    await Promise.all([
      writeFile(join(files, "cert.pem"), created.certificate),
      writeFile(join(files, "key.pem"), created.key),
    ]);
    const receiver = await start(["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    expect(receiver.url).toMatch(/^https:/);
    const health = await new Promise((resolve, reject) => {
      request(
        `${receiver.url}/health`,
        { ca: created.certificate, servername: "relay.example" },
        (reply) => {
          reply.setEncoding("utf8").on("data", (text: string) => resolve([reply.statusCode, text]));
        },
      )
        .on("error", reject)
        .end();
    });
    expect(health).toEqual([200, '{"status":"ok"}']);
  });

  test("with empty variables, which count as unset, and by its old name", async () => {
    const names = [
      ...["PUBLIC_URL", "FILE", "TLS_CERT", "TLS_KEY", "TRUST_PROXY"],
      ...["BODY_LIMIT", "RATE_LIMIT", "CALLBACK_RATE", "MAX_CONNECTIONS", "EXPIRE"],
    ];
    const empty = Object.fromEntries(
      names.map((name, index) => [`XELION_RECEIVER_${name}`, index % 2 === 0 ? "" : "  "]),
    );
    const old = [...ucaas.slice(0, -2), "xelion", "receiver"];
    const receiver = await start([], empty, old);
    expect(receiver.url, receiver.output).not.toBe("");
    expect((await register(receiver.url)).callbackUrl).toContain(`${receiver.url}/callback/`);
  });

  test("with two keys, while one is being changed for the other", async () => {
    const next = "the-next-key-0123456789-0123456789";
    const receiver = await start([], { XELION_RELAY_KEY: `${relayKey}\n${next}` });
    const statuses = [relayKey, next, "neither-of-them-0123456789-0123456789"].map(
      async (key) => (await ask(receiver.url, "GET", "/metrics", undefined, key)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
  });

  test("as in the container, from the folders that the container file copies and its settings", async () => {
    const lines = (await readFile(join(root, "receiver", "Containerfile"), "utf8")).split("\n");
    const settings = Object.fromEntries(
      lines
        .filter((line) => line.startsWith("ENV "))
        .flatMap((line) => line.slice(4).split(" "))
        .map((setting) => setting.split("=") as [string, string]),
    );
    for (const line of lines.filter((line) => line.startsWith("COPY ")))
      for (const source of line.split(" ").slice(1, -1))
        await cp(join(root, source), join(files, "app", source), { recursive: true });
    await linkModules(join(files, "app"));
    const command = JSON.parse(lines.find((line) => line.startsWith("CMD "))!.slice(4)) as string[];
    const receiver = await ReceiverProcess.start(
      files,
      [],
      {
        ...settings,
        XELION_RECEIVER_LISTEN: "0.0.0.0:0",
        XELION_RECEIVER_FILE: join(files, "r.sqlite"),
        XELION_RECEIVER_PUBLIC_URL: "https://relay.example",
      },
      command.map((part) =>
        part === "node" ? node : part.includes("/") ? join(files, "app", part) : part,
      ),
    );
    onTestFinished(() => receiver[Symbol.asyncDispose]());
    expect(receiver.url, receiver.output).not.toBe("");
    expect((await fetch(`${receiver.url.replace("0.0.0.0", "127.0.0.1")}/health`)).status).toBe(
      200,
    );
  });
});

describe("the command names the error and exits with 1", () => {
  const faults: [string, string[], Record<string, string>, string][] = [
    ["no relay key", [], { XELION_RELAY_KEY: "" }, "openssl rand -base64 32"],
    ["a relay key that can be guessed", [], { XELION_RELAY_KEY: "secret" }, "32 characters"],
    [
      "a key file that is not there",
      [],
      { XELION_RELAY_KEY: "", XELION_RELAY_KEY_FILE: "nowhere" },
      "XELION_RELAY_KEY_FILE names cannot be read (ENOENT)",
    ],
    ["no public address", ["--listen", "0.0.0.0:0"], {}, "--public-url"],
    ["an address that is none", ["--listen", "here"], {}, "0.0.0.0:8080"],
    [
      "a public address that is none",
      ["--public-url", "relay.example"],
      {},
      "https://relay.example",
    ],
    ["a certificate without a key", ["--tls-cert", "cert.pem"], {}, "--tls-key"],
    [
      "a certificate that is not there",
      ["--tls-cert", "cert.pem", "--tls-key", "key.pem"],
      {},
      "TLS_FILES_INVALID",
    ],
    [
      "a certificate that is none",
      ["--tls-cert", "relay-key", "--tls-key", "relay-key"],
      {},
      "both in PEM",
    ],
    ["a proxy that is no address", ["--trust-proxy", "proxy"], {}, "10.0.0.0/8"],
    ["a network that is too narrow", ["--trust-proxy", "10.0.0.0/33"], {}, "10.0.0.0/8"],
    ["a limit of nothing", ["--body-limit", "0"], {}, "above 0"],
    ["an expiry of a moment", ["--expire", "5m"], {}, "1h to 100y"],
    ["an empty expiry", ["--expire", ""], {}, "1h to 100y"],
    ["an expiry beyond all dates", ["--expire", "300000y"], {}, "1h to 100y"],
    ["a file in no folder", ["--file", "no/where.sqlite"], {}, "DATABASE_NOT_OPENED"],
    ["a file that is no database", ["--file", "relay-key"], {}, "file is not a database"],
    [
      "a database's URL for everybody to see",
      ["--file", "postgresql://me:tell-nobody@h/d"],
      {},
      "XELION_RECEIVER_DATABASE_URL",
    ],
    [
      "a database's URL that is empty",
      [],
      { XELION_RECEIVER_DATABASE_URL: " " },
      "is set but empty",
    ],
    [
      "another database's URL",
      [],
      { XELION_RECEIVER_DATABASE_URL: "mysql://me:tell-nobody@h/d" },
      "DATABASE_URL_INVALID",
    ],
    [
      "a database that cannot be reached",
      [],
      { XELION_RECEIVER_DATABASE_URL: "postgresql://me:tell-nobody@127.0.0.1:1/d" },
      "ECONNREFUSED",
    ],
  ];
  // In this process: to start one for each would take longer than everything else here.
  test.each(faults)("for %s", async (_what, args, env, words) => {
    const settings = {
      XELION_RELAY_KEY: relayKey,
      XELION_RECEIVER_LISTEN: "127.0.0.1:0",
      XELION_RECEIVER_FILE: join(files, "r.sqlite"),
      ...env,
    };
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    let output = "";
    const command = receiverStartCommand()
      .exitOverride()
      .configureOutput({ writeErr: (text) => (output += text) });
    const paths = args.map((arg) => (arg === "relay-key" ? join(files, arg) : arg));
    await command
      .parseAsync(paths, { from: "user" })
      .catch((error: Error) => (output += error.message));
    expect(output).toContain(words);
    for (const leak of ["tell-nobody", relayKey]) expect(output).not.toContain(leak);
  });

  test("without a stack trace, on standard error", async () => {
    const receiver = await start([], { XELION_RELAY_KEY_FILE: "" }, ucaas);
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringMatching(/^xelion receiver: no relay key is set.*\n +What to do: (.*\n)+$/),
    ]);
  });

  test.each([
    ["as ucaas receiver start", ucaas],
    ["alone", alone],
  ])("and what to do about a wrong option, %s", async (_how, command) => {
    const receiver = await start(["--expire", "1s"], {}, command);
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringMatching(/^error: option '--expire <duration>'.*\nWhat to do: .*--help\n$/),
    ]);
  });

  test.each([
    ["as ucaas receiver start", ucaas],
    ["alone", alone],
  ])("and masks a secret that is in it, %s", async (_how, command) => {
    const receiver = await start(["--file", `${relayKey}/r.sqlite`], {}, command);
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringContaining("[secret]/r.sqlite cannot be opened"),
    ]);
    expect(receiver.output).not.toContain(relayKey);
  });

  test("and escapes what a terminal would act on", async () => {
    const receiver = await start(["--file", "no\u202e\u001b[31m/where.sqlite"]);
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringContaining("no\\u202e\\u001b[31m/where.sqlite"),
    ]);
    for (const raw of ["\u202e", "\u001b"]) expect(receiver.output).not.toContain(raw);
  });

  test("for a port that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void taken.close());
    const receiver = await start([
      "--listen",
      `127.0.0.1:${(taken.address() as { port: number }).port}`,
    ]);
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringContaining("LISTEN_FAILED"),
    ]);
  });

  test("for a database that a newer receiver has changed", async () => {
    await (await start()).signal("SIGINT");
    const database = new DatabaseSync(join(files, "xelion-receiver.sqlite"));
    database.exec(
      "insert into receiver_migrations (name, timestamp) values ('9999_of_the_future', '2999-01-01T00:00:00Z')",
    );
    database.close();
    const receiver = await start();
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringContaining("DATABASE_NOT_MIGRATED"),
    ]);
  });

  test("for a file that another receiver has open", async () => {
    const first = await start();
    const second = await start();
    expect([second.exitCode, second.output]).toEqual([
      1,
      expect.stringContaining("database is locked"),
    ]);
    expect((await fetch(`${first.url}/health`)).status).toBe(200);
  });
});
