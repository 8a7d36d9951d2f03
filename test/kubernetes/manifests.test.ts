import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, onTestFinished, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { fleetCommand } from "../../cli/commands/fleet.ts";
import { repositoryFiles, templateFolder } from "../../cli/init/template.ts";
import { manifestFiles } from "../../cli/kubernetes/manifests.ts";
import { stackObjectName } from "../../cli/kubernetes/operator.ts";
import type { ManifestOptions } from "../../cli/kubernetes/options.ts";
import { netsapiensConfig } from "../../provider/netsapiens/config.ts";
import { readConfig } from "../../provider/runtime/config.ts";
import { root } from "../../tools/engine/paths.mjs";
import { ucaas } from "../cli/ucaas.ts";

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The API's own schemas; what they do not know is refused, as by `--validate=strict`. */
const api = JSON.parse(
  readFileSync(join(root, "test", "fixtures", "openapi", "kubernetes-1.34.json"), "utf8"),
) as { kinds: Record<string, string>; definitions: object };

const options: ManifestOptions = {
  namespace: "ucaas",
  image: "registry.example/voice:1",
  receiverImage: "registry.example/receiver:1",
  shards: 8,
  schedule: "17 3 * * *",
  receiver: true,
};
const project = {
  name: "voice",
  stacks: ["prod", "on", "North_East", `${"long-".repeat(20)}a`, `${"long-".repeat(20)}b`],
};

function objectsOf(files: ReadonlyMap<string, string>): KubernetesObject[] {
  const { resources } = parse(files.get("kustomization.yaml")!) as { resources: string[] };
  expect([...resources, "kustomization.yaml"].sort()).toEqual([...files.keys()].sort());
  return resources.flatMap((name) =>
    parseAllDocuments(files.get(name)!, { version: "1.1" }).map(
      (document) => document.toJS() as KubernetesObject,
    ),
  );
}

const base = objectsOf(manifestFiles(options, project));
const operator = { repository: "https://git.example/voice.git", branch: "main" };
const withOperator = objectsOf(manifestFiles({ ...options, operator }, project));
/** Kubernetes itself does not know the operator's kind. */
const isStack = ({ kind }: KubernetesObject) => kind === "Stack";

const ajv = new Ajv({ strict: false });
const ownObjects = new Map(
  [...base, ...withOperator.filter((object) => !isStack(object))].map((object) => [
    `${object.kind} ${object.metadata.name}`,
    object,
  ]),
);

test.each([...ownObjects])("the API of Kubernetes takes the %s", (_, object) => {
  const schema = api.kinds[`${object.apiVersion}/${object.kind}`];
  expect(schema, object.kind).toBeDefined();
  const isValid = ajv.validate({ $ref: schema, definitions: api.definitions }, object);
  expect(isValid, ajv.errorsText()).toBe(true);
});

test("a misspelt field would be refused, so the schemas see something", () => {
  const job = base.find(({ kind }) => kind === "CronJob");
  const schema = { $ref: api.kinds["batch/v1/CronJob"], definitions: api.definitions };
  const spec = { schedule: "17 3 * * *", jobTemplate: {} };
  expect(ajv.validate(schema, { ...job, spec })).toBe(true);
  expect(ajv.validate(schema, { ...job, spec: { ...spec, suspendd: true } })).toBe(false);
});

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly containers: readonly {
    readonly name: string;
    readonly envFrom?: object[];
    readonly securityContext: object;
    readonly resources: object;
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly command?: string[];
    readonly readinessProbe?: object;
    readonly livenessProbe?: object;
    readonly lifecycle?: object;
  }[];
}
const podSpecs: PodSpec[] = [];
JSON.stringify(base, (_, value: unknown) => {
  if (typeof value === "object" && value !== null && "containers" in value)
    podSpecs.push(value as PodSpec);
  return value;
});

const workspacePods = withOperator
  .filter(isStack)
  .map((stack) => (stack as unknown as Workspaces).spec.workspaceTemplate.spec.podTemplate.spec);
interface Workspaces {
  readonly spec: {
    readonly workspaceTemplate: {
      readonly spec: { readonly podTemplate: { readonly spec: PodSpec } };
    };
  };
}

test("the pods of the operator's workspaces have fields that Kubernetes knows", () => {
  expect(workspacePods).toHaveLength(project.stacks.length);
  const $ref = "#/definitions/io.k8s.api.core.v1.PodSpec";
  for (const pod of workspacePods)
    expect(ajv.validate({ $ref, definitions: api.definitions }, pod), ajv.errorsText()).toBe(true);
});

test("every key of the runner's Secret reaches the Jobs and the operator's workspaces", () => {
  const runners = podSpecs.filter(({ containers }) => containers[0]?.name !== "receiver");
  for (const { containers } of [...runners, ...workspacePods])
    expect(containers[0]?.envFrom).toEqual([{ secretRef: { name: "ucaas-runner" } }]);
});

test("no pod runs as root, writes to its image, has a token of the API, or lacks a memory limit", () => {
  expect(podSpecs).toHaveLength(3);
  for (const { automountServiceAccountToken, securityContext, containers } of podSpecs) {
    expect(automountServiceAccountToken).toBe(false);
    expect(securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const container of containers) {
      expect(container.resources).toMatchObject({ limits: { memory: expect.any(String) } });
      expect(container.securityContext).toEqual({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
    }
  }
});

const receiver = podSpecs
  .flatMap(({ containers }) => containers)
  .find(({ readinessProbe }) => readinessProbe !== undefined);

test("a receiver's pod that is deleted takes callbacks until the Service knows of it", () => {
  expect(receiver?.lifecycle).toEqual({ preStop: { sleep: { seconds: 10 } } });
});

test("a receiver that hangs is restarted, and one without its database is not", () => {
  expect(receiver).toMatchObject({
    readinessProbe: { httpGet: { path: "/health", port: "http" } },
    livenessProbe: { httpGet: { path: "/live", port: "http" } },
  });
});

test("the pods run commands of ucaas fleet with options that it has", () => {
  const commands = podSpecs.flatMap(({ containers }) =>
    containers.flatMap(({ command }) => (command ? [command] : [])),
  );
  expect(commands).toHaveLength(2);
  for (const [ucaas, fleet, action, ...args] of commands) {
    expect([ucaas, fleet]).toEqual(["ucaas", "fleet"]);
    const known = fleetCommand().commands.find((command) => command.name() === action);
    const names = known?.options.map(({ long }) => long);
    for (const option of args.filter((word) => word.startsWith("--")))
      expect(names).toContain(option);
  }
});

test("a browser for NetSapiens starts without the sandbox that these pods forbid", () => {
  const runners = [...podSpecs, workspacePods[0]!]
    .flatMap(({ containers }) => containers)
    .filter(({ readinessProbe }) => readinessProbe === undefined);
  expect(runners).toHaveLength(3);
  const keys = { browserSandbox: netsapiensConfig.keys.browserSandbox };
  for (const { env } of runners) {
    const environment = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(
      readConfig(
        { namespace: "netsapiens", keys },
        { get: () => undefined },
        undefined,
        environment,
      ),
    ).toEqual({ browserSandbox: false });
  }
});

test("what an image with a browser needs besides the browser is said where the image is built", () => {
  const containerfile = readFileSync(join(templateFolder, "Containerfile"), "utf8");
  const page = readFileSync(join(root, "docs", "kubernetes.md"), "utf8");
  for (const text of [containerfile, page])
    expect(text).toMatch(/CHROMIUM=1[\s\S]*npm install playwright-core/);
});

test("with the operator each stack has a Stack of its own, with a name that Kubernetes takes", () => {
  const stacks = withOperator.filter(isStack);
  expect(stacks).toHaveLength(project.stacks.length);
  const names = stacks.map(({ metadata }) => metadata.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/);
  expect(names).toContain("voice-on");
  expect(stacks).toContainEqual(
    expect.objectContaining({
      spec: expect.objectContaining({ stack: "organization/voice/North_East" }),
    }),
  );
  expect(withOperator.some(({ metadata }) => metadata.name === "ucaas-up")).toBe(false);
});

test("a name of a stack in the cluster is of one stack, also among several projects", () => {
  const stacks = ["prod", "Prod", "pr.od", "pr_od", "pr-od", "_", "1", "x".repeat(90)];
  const names = ["voice", "voicehouse", "9 lives"].flatMap((each) =>
    stacks.map((stack) => stackObjectName(each, stack)),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/);
});

test("a Stack of the operator neither destroys customers nor begins with an empty state", () => {
  const named = { ...operator, branch: "on" };
  const objects = objectsOf(manifestFiles({ ...options, operator: named }, project));
  const stacks = objects.filter(isStack);
  expect(stacks.length).toBeGreaterThan(0);
  for (const stack of stacks)
    expect(stack).toMatchObject({
      spec: { branch: "on", destroyOnFinalize: false, useLocalStackOnly: true },
    });
});

test("to apply the manifests updates no stack", () => {
  expect(base.filter(({ kind }) => kind === "Job")).toEqual([]);
  const up = base.find(({ metadata }) => metadata.name === "ucaas-up");
  expect(up).toMatchObject({ kind: "CronJob", spec: { suspend: true } });
});

test("the stack of ucaas sandbox is run by no pod", () => {
  for (const { containers } of podSpecs)
    for (const { command } of containers)
      if (command) expect(command.join(" ")).toContain(" --except sandbox --");
});

test("a password in the repository's address is neither written nor shown", async () => {
  const cwd = projectFolder();
  const address = "https://user:hunter2@git.example/voice.git";
  const { exitCode, stderr } = await ucaas(
    ["kubernetes", "manifests", "base", "--image", "x:1", "--operator", "--repository", address],
    { cwd },
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain("[INVALID_ARGUMENT]");
  expect(stderr).not.toContain("hunter2");
  expect(readdirSync(cwd)).toEqual(["Pulumi.yml"]);
});

test("a file that exists is left alone, and then none is written", async () => {
  const cwd = projectFolder();
  const args = ["kubernetes", "manifests", "base", "--image", "registry.example/voice:1"];
  const written = await ucaas(args, { cwd });
  expect(written).toMatchObject({ exitCode: 0, stderr: "" });
  // The commands work one after the other, in a cluster that has nothing of this.
  expect(written.stdout.match(/kubectl (-n ucaas )?(\w+ ){1,2}/g)).toEqual([
    "kubectl create namespace ",
    "kubectl -n ucaas create secret ",
    "kubectl -n ucaas create secret ",
    "kubectl apply ",
    "kubectl -n ucaas create job ",
  ]);
  // Behind an Ingress, all callers share one address without it.
  expect(written.stdout).toContain("XELION_RECEIVER_TRUST_PROXY");
  writeFileSync(join(cwd, "base", "drift-cronjob.yaml"), "mine");
  rmSync(join(cwd, "base", "receiver.yaml"));
  expect((await ucaas(args, { cwd })).stderr).toContain("[FILES_EXIST]");
  expect(readFileSync(join(cwd, "base", "drift-cronjob.yaml"), "utf8")).toBe("mine");
  expect(readdirSync(join(cwd, "base"))).not.toContain("receiver.yaml");
  args[2] = "other";
  const report = JSON.parse((await ucaas([...args, "--json"], { cwd })).stdout);
  expect(report).toMatchObject({ version: 1, folder: "other", namespace: "ucaas" });
  expect(report.files.toSorted()).toEqual(readdirSync(join(cwd, "other")).sort());
});

test("the project's Containerfile copies what ucaas init and npm install write", () => {
  const files = repositoryFiles({
    ...{ name: "voice", vendors: ["xima"], stack: "prod", ci: "none" },
    ...{ sandbox: false, packages: {} },
  });
  const lines = [...files.get("Containerfile")!.matchAll(/^COPY (.+) \S+$/gm)];
  const copied = lines.flatMap(([, paths = ""]) => paths.split(" "));
  expect(copied).toEqual([
    "package.json",
    "package-lock.json",
    "Pulumi.yaml",
    "index.js",
    "stacks",
  ]);
  for (const path of copied.filter((each) => each !== "package-lock.json"))
    expect(
      [...files.keys()].some((file) => `${file}/`.startsWith(`${path}/`)),
      path,
    ).toBe(true);
});

function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-kubernetes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "Pulumi.yml"), "name: voice\nruntime: nodejs\n");
  return folder;
}
