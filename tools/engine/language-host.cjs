#!/usr/bin/env node
// pulumi-ucaas stand-in, revision 3
//
// Pulumi's own `pulumi-language-nodejs` comes only with Pulumi's download. Where the
// engine had to be built from Go modules, this file takes
// its place: it serves the engine's LanguageRuntime protocol with the stubs of the
// program's own @pulumi/pulumi, and starts the program with the
// SDK's own runner. It is copied beside the engine, so it needs no checkout. It runs on
// Node 20 too; the program gets its project's Node.
//
// @ts-nocheck: the stubs are found when this runs, in the program's SDK, so nothing here has a type
"use strict";

const { execFile, spawn } = require("node:child_process");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const OLDEST_NODE = 22; // @pulumi/pulumi's own `engines`
const BAILED_OUT = 32; // the SDK's runner ends so when it has already told the user what went wrong
const LONGEST_MESSAGE = 400 * 1024 * 1024; // as in the engine; gRPC's own default of 4 MB is too little for a large stack's configuration

// The engine starts a language host in the program's folder and passes its own address last.
const engineAddress = process.argv.at(-1);
const sdkManifest = findUpward(process.cwd(), "node_modules/@pulumi/pulumi/package.json");
if (!sdkManifest) {
  process.stderr.write(
    `@pulumi/pulumi is not installed for ${process.cwd()}. Run "npm install" in the project's folder, then try again.\n`,
  );
  process.exit(1);
}
const sdk = createRequire(fs.realpathSync(sdkManifest)); // its own dependencies are beside the real place, whatever links lead there
const grpc = sdk("@grpc/grpc-js");
const { Empty } = sdk("google-protobuf/google/protobuf/empty_pb");
const messages = sdk("./proto/language_pb");
const { PluginInfo } = sdk("./proto/plugin_pb");
const { LanguageRuntimeService } = sdk("./proto/language_grpc_pb");

/** Processes that were started for the engine and still run. */
const children = new Set();

const calls = {
  handshake: async () => new messages.LanguageHandshakeResponse(),
  // Provider plug-ins are not looked for ahead of the program: the engine fetches each
  // when its first resource is registered.
  getRequiredPackages: async () => new messages.GetRequiredPackagesResponse(),
  getRequiredPlugins: async () => new messages.GetRequiredPluginsResponse(),
  getPluginInfo: async () => {
    const info = new PluginInfo();
    info.setVersion(sdk("./package.json").version);
    return info;
  },
  run,
  about,
  getProgramDependencies,
  runtimeOptionsPrompts: async () => new messages.RuntimeOptionsResponse(),
  cancel: async () => {
    stopChildren("SIGINT");
    return new Empty();
  },
};

/**
 * Runs the program; ends when it ends. Whatever it prints goes straight into the pipes
 * that the engine reads.
 */
async function run(request) {
  const info = request.getInfo();
  const options = info.getOptions()?.toJavaScript() ?? {};
  const node = await nodeFor(info.getProgramDirectory());
  if (node.major < OLDEST_NODE) {
    return failure(
      `${node.path} is Node ${node.version}, and @pulumi/pulumi needs Node ${OLDEST_NODE} or newer. ` +
        'Run "npm install --save-dev node@24" in the project, or put a newer node first on PATH.',
    );
  }
  if (request.getAttachDebugger())
    return failure(
      "--attach-debugger needs Pulumi's own language host; this engine was built without it.",
    );

  const runner = [
    sdk.resolve("./cmd/run"),
    "--monitor",
    request.getMonitorAddress(),
    "--engine",
    engineAddress,
  ];
  runner.push(
    "--organization",
    request.getOrganization() || "organization",
    "--project",
    request.getProject(),
    "--stack",
    request.getStack(),
  );
  runner.push(
    "--root-directory",
    info.getRootDirectory(),
    "--pwd",
    info.getProgramDirectory(),
    "--parallel",
    String(request.getParallel()),
  );
  if (request.getDryrun()) runner.push("--dry-run");
  const env = {
    ...process.env,
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
  if (options.typescript !== false) env.PULUMI_NODEJS_TYPESCRIPT = "true";
  if (options.tsconfigpath) env.PULUMI_NODEJS_TSCONFIG_PATH = options.tsconfigpath;

  try {
    const ending = await finished(
      spawn(
        node.path,
        [...words(options.nodeargs), ...runner, info.getEntryPoint(), ...request.getArgsList()],
        {
          env,
          stdio: ["ignore", "inherit", "inherit"],
        },
      ),
    );
    if (ending.code === 0) return new messages.RunResponse();
    if (ending.code === BAILED_OUT) {
      const response = new messages.RunResponse();
      response.setBail(true);
      return response;
    }
    return failure(
      ending.signal
        ? `Program was ended by the signal ${ending.signal}`
        : `Program exited with non-zero exit code: ${ending.code}`,
    );
  } catch (error) {
    if (error.code === "E2BIG") {
      return failure(
        "The stack's configuration is too large: it reaches the program as one environment variable of at most 128 KB.",
      );
    }
    return failure(`The program could not be started with ${node.path}: ${error.message}`);
  }
}

function failure(text) {
  const response = new messages.RunResponse();
  response.setError(text);
  return response;
}

async function about(request) {
  const node = await nodeFor(request.getInfo()?.getProgramDirectory() || process.cwd());
  const response = new messages.AboutResponse();
  response.setExecutable(node.path);
  response.setVersion(`v${node.version}`);
  return response;
}

/** What package.json asks for, with the versions that are installed. */
async function getProgramDependencies(request) {
  const folder = request.getInfo()?.getProgramDirectory() || process.cwd();
  const manifest = findUpward(folder, "package.json");
  const wanted = manifest ? readJson(manifest) : {};
  const response = new messages.GetProgramDependenciesResponse();
  for (const name of Object.keys({ ...wanted.dependencies, ...wanted.devDependencies })) {
    const installed = findUpward(folder, `node_modules/${name}/package.json`);
    if (!installed) continue;
    const dependency = new messages.DependencyInfo();
    dependency.setName(name);
    dependency.setVersion(readJson(installed).version ?? "");
    response.addDependencies(dependency);
  }
  return response;
}

/** `pulumi install`: npm in the project's folder, its output line by line. */
function installDependencies(call) {
  const folder =
    call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory() || process.cwd();
  const npm = spawn("npm", ["install"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const forward = (set) => (chunk) => {
    const response = new messages.InstallDependenciesResponse();
    response[set](new Uint8Array(chunk));
    call.write(response);
  };
  npm.stdout.on("data", forward("setStdout"));
  npm.stderr.on("data", forward("setStderr"));
  finished(npm).then(
    ({ code }) => {
      if (code === 0) call.end();
      else
        call.emit("error", {
          code: grpc.status.UNKNOWN,
          details: `npm install failed in ${folder} with status ${code}`,
        });
    },
    (error) =>
      call.emit("error", {
        code: grpc.status.UNKNOWN,
        details: `npm could not be started: ${error.message}`,
      }),
  );
}

/**
 * A plugin that is a program for Node: a policy pack (`--policy-pack`). What it prints is
 * handed on, since the engine reads the port of its server there.
 */
async function runPlugin(call) {
  const { request } = call;
  const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const refuse = (details) => call.emit("error", { code: grpc.status.UNIMPLEMENTED, details });
  if (request.getKind() !== "analyzer") {
    refuse(
      `a plugin of the kind ${request.getKind()} needs Pulumi's own language host for Node; this engine was built from source without it`,
    );
    return;
  }
  const runner = findUpward(folder, "node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js");
  if (!runner) {
    refuse(`@pulumi/pulumi is not installed for the policy pack in ${folder}`);
    return;
  }
  const node = await nodeFor(folder);
  const env = Object.fromEntries(
    request.getEnvList().map((line) => {
      const end = line.indexOf("=");
      return [line.slice(0, end), line.slice(end + 1)];
    }),
  );
  // The engine's address comes first, then the pack.
  const pack = spawn(node.path, [runner, ...request.getArgsList(), folder], {
    cwd: folder, // @pulumi/policy reads its package.json there
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const forward = (set) => (chunk) => {
    const response = new messages.RunPluginResponse();
    response[set](new Uint8Array(chunk));
    call.write(response);
  };
  pack.stdout.on("data", forward("setStdout"));
  pack.stderr.on("data", forward("setStderr"));
  // The engine ends the call when it needs the pack no longer.
  call.on("cancelled", () => pack.kill("SIGTERM"));
  finished(pack).then(
    ({ code }) => {
      const response = new messages.RunPluginResponse();
      response.setExitcode(code ?? 1);
      call.write(response);
      call.end();
    },
    (error) =>
      call.emit("error", {
        code: grpc.status.UNKNOWN,
        details: `the policy pack could not be started with ${node.path}: ${error.message}`,
      }),
  );
}

/** The Node that the project brings (npm's package `node`), else the one that runs this file. */
async function nodeFor(folder) {
  const own = findUpward(folder, "node_modules/.bin/node");
  if (!own) return describe(process.execPath, process.version);
  const version = await new Promise((resolve, reject) => {
    execFile(own, ["--version"], (error, stdout) =>
      error ? reject(error) : resolve(stdout.trim()),
    );
  });
  return describe(own, version);
}

function describe(file, version) {
  return { path: file, version: version.slice(1), major: Number.parseInt(version.slice(1), 10) };
}

/** Nearest `name` in `folder` or above it. */
function findUpward(folder, name) {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const candidate = path.join(at, name);
    if (fs.existsSync(candidate)) return candidate;
    if (at === path.dirname(at)) return undefined;
  }
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, "utf8"));
}

/** `--max-old-space-size=4096 --import "my file.js"` as separate arguments. */
function words(text) {
  return [...String(text ?? "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare,
  );
}

function finished(child) {
  children.add(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => children.delete(child));
}

function stopChildren(signal) {
  for (const child of children) child.kill(signal);
}

function shutDown() {
  stopChildren("SIGTERM");
  server.forceShutdown();
  process.exit(0);
}

const implementation = { installDependencies, runPlugin };
for (const [name, { responseStream }] of Object.entries(LanguageRuntimeService)) {
  const answer = calls[name];
  if (answer) {
    implementation[name] = ({ request }, reply) => {
      answer(request).then(
        (response) => reply(null, response),
        (error) => reply({ code: grpc.status.UNKNOWN, details: error.message }),
      );
    };
  } else if (!implementation[name]) {
    const refusal = {
      code: grpc.status.UNIMPLEMENTED,
      details: `${name} needs Pulumi's own language host for Node; this engine was built from source without it`,
    };
    implementation[name] = responseStream
      ? (call) => call.emit("error", refusal)
      : (_call, reply) => reply(refusal);
  }
}

const server = new grpc.Server({
  "grpc.max_receive_message_length": LONGEST_MESSAGE,
  "grpc.max_send_message_length": LONGEST_MESSAGE,
});
server.addService(LanguageRuntimeService, implementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`); // the engine reads this one line, and takes all that follows as the program's output
});

// The engine interrupts its plug-ins when it has done with them. If it dies instead, the
// pipe on our stdin closes.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, shutDown);
const stdin = fs.fstatSync(0);
if (stdin.isFIFO() || stdin.isSocket())
  process.stdin.on("end", shutDown).on("error", shutDown).resume();
