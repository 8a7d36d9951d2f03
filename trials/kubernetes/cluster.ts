/**
 * A Kubernetes of one node on this machine: etcd, API server, controller manager,
 * scheduler, containerd, kubelet and kube-proxy as processes, all of them on loopback and
 * below one folder. Pods reach this machine at `bridge.address`.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { reservePort } from "../../sandbox/reserve-port.ts";
import type { Command } from "./commands.ts";

const execute = promisify(execFile);

export const bridge = { name: "ucaas0", address: "10.244.0.1", subnet: "10.244.0.0/24" };
const services = "10.96.0.0/16";
const images = "k8s.io";

export class Cluster {
  readonly folder: string;
  readonly #command: (command: Command) => string;
  #hasBridge = false;
  readonly #processes: { name: string; child: ChildProcess }[] = [];

  constructor(folder: string, command: (command: Command) => string) {
    this.folder = folder;
    this.#command = command;
  }

  async start(): Promise<void> {
    const { folder } = this;
    for (const name of ["pki", "cni", "logs"]) mkdirSync(join(folder, name), { recursive: true });
    execFileSync("ip", ["link", "add", bridge.name, "type", "bridge"]);
    this.#hasBridge = true;
    execFileSync("ip", ["addr", "add", `${bridge.address}/24`, "dev", bridge.name]);
    execFileSync("ip", ["link", "set", bridge.name, "up"]);
    // What is sent to a Service that kube-proxy does not know stays on this machine.
    execFileSync("ip", ["route", "add", services, "dev", bridge.name, "src", bridge.address]);
    const [client, peer, api, kubelet] = [
      await reservePort(),
      await reservePort(),
      await reservePort(),
      await reservePort(),
    ];
    const etcd = `http://127.0.0.1:${client}`;
    this.#run("etcd", this.#command("etcd"), [
      ...["--data-dir", join(folder, "etcd"), "--unsafe-no-fsync"],
      ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd],
      ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
    ]);
    const { privateKey, publicKey } = this.#writeServiceAccountKey();
    const tokens = this.#writeTokens(api);
    this.#run("kube-apiserver", this.#command("kube-apiserver"), [
      `--etcd-servers=${etcd}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${api}`,
      `--cert-dir=${join(folder, "pki")}`,
      `--token-auth-file=${tokens}`,
      `--service-account-key-file=${publicKey}`,
      `--service-account-signing-key-file=${privateKey}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-cluster-ip-range=${services}`,
      "--authorization-mode=Node,RBAC",
    ]);
    await this.#until("the API server is ready", () => this.kubectl("get", "--raw", "/readyz"));
    this.#run("kube-controller-manager", this.#command("kube-controller-manager"), [
      `--kubeconfig=${this.#kubeconfig("controller-manager")}`,
      `--service-account-private-key-file=${privateKey}`,
      "--use-service-account-credentials=true",
      "--leader-elect=false",
      "--secure-port=0",
    ]);
    this.#run("kube-scheduler", this.#command("kube-scheduler"), [
      `--kubeconfig=${this.#kubeconfig("scheduler")}`,
      "--leader-elect=false",
      "--secure-port=0",
    ]);
    this.#run("containerd", "containerd", ["--config", this.#writeContainerdConfig()]);
    await this.#until("containerd is ready", () => this.#ctr("version"));
    this.#run("kubelet", this.#command("kubelet"), [
      `--config=${this.#writeKubeletConfig(kubelet)}`,
      `--kubeconfig=${this.#kubeconfig("kubelet")}`,
      "--hostname-override=node",
      `--root-dir=${join(folder, "kubelet")}`,
      `--cert-dir=${join(folder, "pki")}`,
      "--node-ip=127.0.0.1",
    ]);
    await this.#until("the node is ready", async () => {
      const { stdout } = await this.kubectl("get", "node", "node");
      if (!stdout.includes(" Ready")) throw new Error(stdout);
    });
    this.#run("kube-proxy", this.#command("kube-proxy"), this.#proxyFlags);
    await this.#until("there is a service account", () =>
      this.kubectl("get", "serviceaccount", "default"),
    );
  }

  /** A folder for each pod, with a file of what each of its containers printed. */
  get podLogs(): string {
    return join(this.folder, "pods");
  }

  kubectl(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return execute(this.#command("kubectl"), ["--kubeconfig", this.#kubeconfig("admin"), ...args], {
      maxBuffer: 64e6,
    });
  }

  /** Creates or changes objects, checked by the server. */
  async apply(...objects: readonly object[]): Promise<void> {
    const file = join(this.folder, `apply-${randomBytes(4).toString("hex")}.json`);
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }), {
      mode: 0o600,
    });
    try {
      await this.kubectl("apply", "--server-side", "--validate=strict", "-f", file);
    } finally {
      rmSync(file);
    }
  }

  async importImage(archive: string): Promise<void> {
    await this.#ctr("images", "import", archive);
  }

  /** Sends SIGKILL to a container's first process, as the kernel does when memory is short. */
  async kill(containerId: string): Promise<void> {
    await this.#ctr("tasks", "kill", "--signal", "9", containerId);
  }

  async stop(): Promise<void> {
    const all = ["deployments,jobs,pods", "--all", "--all-namespaces"];
    await this.kubectl("delete", ...all, "--force", "--grace-period=0").catch(() => {});
    // In the opposite order of the start: first the kubelet, which restarts containers.
    for (const { name, child } of this.#processes.toReversed()) {
      if (name === "containerd") await this.#removeTasks();
      await end(child);
    }
    const mounts = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "")
      .filter((path) => path.startsWith(`${this.folder}/`))
      .reverse();
    for (const path of mounts) await execute("umount", ["-l", path]).catch(() => {});
    if (this.#hasBridge) {
      await removeNetworks();
      await execute("ip", ["link", "delete", bridge.name]);
    }
    // What it wrote for Services is in the machine's own tables.
    if (this.#processes.some(({ name }) => name === "kube-proxy"))
      await execute(this.#command("kube-proxy"), [...this.#proxyFlags, "--cleanup"]);
  }

  get #proxyFlags(): string[] {
    return [
      `--kubeconfig=${this.#kubeconfig("proxy")}`,
      "--proxy-mode=iptables",
      `--cluster-cidr=${bridge.subnet}`,
      "--hostname-override=node",
      // No ports of its own, and the machine's settings stay as they are.
      ...["--healthz-bind-address=", "--metrics-bind-address=", "--oom-score-adj=0"],
      "--iptables-localhost-nodeports=false",
      ...["--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s"],
      "--conntrack-tcp-timeout-close-wait=0s",
    ];
  }

  async #removeTasks(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const { stdout } = await this.#ctr("tasks", "list", "--quiet").catch(() => ({ stdout: "" }));
      const tasks = stdout.split("\n").filter((id) => id !== "");
      if (tasks.length === 0) return;
      for (const id of tasks) {
        await this.#ctr("tasks", "kill", "--signal", "9", id).catch(() => {});
        await this.#ctr("tasks", "delete", "--force", id).catch(() => {});
      }
      await pause(250);
    }
  }

  #run(name: string, file: string, args: readonly string[]): void {
    const log = openSync(join(this.folder, "logs", `${name}.log`), "a");
    // In a group of its own, so that Ctrl-C leaves the order of the stop to `stop`.
    const child = spawn(file, args, {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", log, log],
    });
    child.on("error", () => {});
    this.#processes.push({ name, child });
  }

  /** Waits at most a minute and a half; a process that ended is an error at once. */
  async #until(sentence: string, attempt: () => Promise<unknown>): Promise<void> {
    const deadline = Date.now() + 90_000;
    for (;;) {
      try {
        await attempt();
        return;
      } catch (error) {
        const ended = this.#processes.find(({ child }) => child.exitCode !== null);
        if (ended)
          throw new Error(`${ended.name} ended: see ${join(this.folder, "logs", ended.name)}.log`);
        if (Date.now() > deadline)
          throw new Error(`It is not true within 90 s that ${sentence}.`, { cause: error });
        await pause(500);
      }
    }
  }

  #ctr(...args: string[]) {
    return execute("ctr", [
      "--address",
      join(this.folder, "containerd.sock"),
      "--namespace",
      images,
      ...args,
    ]);
  }

  #kubeconfig = (user: string) => join(this.folder, `${user}.conf`);

  #writeServiceAccountKey() {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const [privateKey, publicKey] = ["sa.key", "sa.pub"].map((name) =>
      join(this.folder, "pki", name),
    ) as [string, string];
    writeFileSync(privateKey, pair.privateKey.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
    writeFileSync(publicKey, pair.publicKey.export({ type: "spki", format: "pem" }));
    return { privateKey, publicKey };
  }

  /** A token for each client of the API server, whose certificate is its own. */
  #writeTokens(port: number): string {
    const users = {
      admin: ["admin", "system:masters"],
      "controller-manager": ["system:kube-controller-manager", ""],
      scheduler: ["system:kube-scheduler", ""],
      kubelet: ["system:node:node", "system:nodes"],
      proxy: ["system:kube-proxy", ""],
    };
    const lines = Object.entries(users).map(([name, [user, group]]) => {
      const token = randomBytes(16).toString("hex");
      const config = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "trial",
        clusters: [
          {
            name: "trial",
            cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
          },
        ],
        users: [{ name, user: { token } }],
        contexts: [{ name: "trial", context: { cluster: "trial", user: name } }],
      };
      writeFileSync(this.#kubeconfig(name), stringify(config), { mode: 0o600 });
      return `${token},${user},${name},"${group}"`;
    });
    const file = join(this.folder, "pki", "tokens.csv");
    writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    return file;
  }

  #writeContainerdConfig(): string {
    const { folder } = this;
    const network = {
      cniVersion: "0.4.0",
      name: "trial",
      plugins: [
        {
          type: "bridge",
          bridge: bridge.name,
          isGateway: true,
          ipMasq: false,
          ipam: {
            type: "host-local",
            dataDir: join(folder, "ipam"),
            ranges: [[{ subnet: bridge.subnet }]],
          },
        },
        { type: "loopback" },
      ],
    };
    writeFileSync(join(folder, "cni", "10.conflist"), JSON.stringify(network));
    const file = join(folder, "containerd.toml");
    writeFileSync(
      file,
      `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-run"
[grpc]
  address = "${folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true # for machines without CAP_SYS_RESOURCE
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`,
    );
    return file;
  }

  #writeKubeletConfig(port: number): string {
    const file = join(this.folder, "kubelet.yaml");
    writeFileSync(
      file,
      stringify({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        // It listens on loopback only.
        address: "127.0.0.1",
        authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
        authorization: { mode: "AlwaysAllow" },
        podLogsDir: this.podLogs,
        containerRuntimeEndpoint: `unix://${this.folder}/containerd.sock`,
        port,
        healthzPort: 0,
        cgroupDriver: "cgroupfs",
        failSwapOn: false,
        failCgroupV1: false,
        cgroupsPerQOS: false,
        enforceNodeAllocatable: [],
        localStorageCapacityIsolation: false,
        evictionHard: {
          "memory.available": "100Mi",
          "nodefs.available": "1%",
          "imagefs.available": "1%",
        },
      }),
    );
    return file;
  }
}

/** Removes the network namespaces of the pods that are still on the bridge. */
async function removeNetworks(): Promise<void> {
  const list = async (...args: string[]) =>
    JSON.parse((await execute("ip", ["-json", ...args])).stdout.trim() || "[]");
  const links = (await list("link", "show", "master", bridge.name)) as { link_netnsid?: number }[];
  const ids = new Set(links.map(({ link_netnsid: id }) => id));
  const namespaces = (await list("netns", "list")) as { name: string; id?: number }[];
  for (const { name, id } of namespaces)
    if (id !== undefined && ids.has(id)) await execute("ip", ["netns", "delete", name]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(kill);
}
