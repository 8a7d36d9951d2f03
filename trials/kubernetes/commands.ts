/**
 * The commands of Kubernetes, built once from Go modules into a cache folder: the module
 * mirror is all that a machine needs.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const version = "1.34.4";
const etcdVersion = "3.6.16";
const kubernetes = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const;

export type Command = (typeof kubernetes)[number] | "etcd" | "pause";

/** What Debian and Ubuntu have as packages, with a command of each. */
const packages = {
  containerd: "containerd",
  runc: "runc",
  "containernetworking-plugins": "/usr/lib/cni/bridge",
  iptables: "iptables",
  conntrack: "conntrack",
  iproute2: "ip",
  openssl: "openssl",
};

/** Builds what is not there yet; 15 minutes on two cores the first time. */
export function kubernetesCommands(): (command: Command) => string {
  needPackages();
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "ucaas-kubernetes", `v${version}`);
  mkdirSync(folder, { recursive: true });
  const isMissing = (name: Command) => !existsSync(join(folder, name));
  const missing = kubernetes.filter(isMissing);
  if (missing.length > 0) buildKubernetes(folder, missing);
  if (isMissing("etcd")) buildEtcd(folder);
  if (isMissing("pause")) buildPause(folder);
  return (command) => join(folder, command);
}

function needPackages(): void {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new Error(
      "A Kubernetes node needs Linux and root: run this trial in a machine of its own.",
    );
  const missing = Object.entries(packages)
    .filter(([, command]) => spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0)
    .map(([name]) => name);
  if (missing.length > 0)
    throw new Error(`Commands are missing. Run: apt-get install ${missing.join(" ")}`);
}

/**
 * A module's zip lacks the folder `staging`, to which go.mod points; the same code is
 * published as modules of their own.
 */
function buildKubernetes(folder: string, names: readonly Command[]): void {
  inTemporaryFolder((source) => {
    const { Dir } = JSON.parse(
      go(source, "mod", "download", "-json", `k8s.io/kubernetes@v${version}`),
    ) as { Dir: string };
    cpSync(Dir, source, { recursive: true });
    const file = join(source, "go.mod");
    const staged = /(k8s\.io\/[a-z0-9-]+) => \.\/staging\/src\/k8s\.io\/[a-z0-9-]+/g;
    const text = readFileSync(file, "utf8");
    rmSync(file);
    writeFileSync(file, text.replace(staged, `$1 => $1 v${version.replace(/^1/, "0")}`));
    for (const name of ["vendor", "go.work", "go.work.sum"])
      rmSync(join(source, name), { recursive: true, force: true });
    build(
      source,
      folder,
      `-X k8s.io/component-base/version.gitVersion=v${version}`,
      names.map((name) => `./cmd/${name}`),
    );
  });
}

function buildEtcd(folder: string): void {
  inTemporaryFolder((source) => {
    go(source, "mod", "init", "etcd");
    writeFileSync(
      join(source, "main.go"),
      'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n',
    );
    go(source, "get", `go.etcd.io/etcd/server/v3@v${etcdVersion}`);
    go(source, "mod", "tidy");
    build(source, folder, "", ["."]);
  });
}

/** The process that holds a pod's namespaces: it waits. */
function buildPause(folder: string): void {
  inTemporaryFolder((source) => {
    go(source, "mod", "init", "pause");
    writeFileSync(
      join(source, "main.go"),
      `package main

import (
\t"os"
\t"os/signal"
\t"syscall"
)

func main() {
\tc := make(chan os.Signal, 1)
\tsignal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
\t<-c
}
`,
    );
    build(source, folder, "", ["."]);
  });
}

function build(source: string, folder: string, flags: string, paths: readonly string[]): void {
  // Into a folder beside the final names, so that an interrupted build leaves no half command.
  const partial = mkdtempSync(join(folder, "partial-"));
  go(
    source,
    "build",
    "-mod=mod",
    "-trimpath",
    `-ldflags=-s -w ${flags}`,
    "-o",
    `${partial}/`,
    ...paths,
  );
  for (const name of [...kubernetes, "etcd", "pause"])
    if (existsSync(join(partial, name))) renameSync(join(partial, name), join(folder, name));
  rmSync(partial, { recursive: true });
}

function go(cwd: string, ...args: string[]): string {
  const { status, stdout, error } = spawnSync("nice", ["-n", "19", "go", ...args], {
    cwd,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-modcacherw" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64e6,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`go ${args[0]} ended with ${status}.`);
  return stdout;
}

function inTemporaryFolder(action: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-kubernetes-build-"));
  try {
    action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
