import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { type CallbackListener, toStatusEvent } from "../../provider/xelion/callback.ts";
import { XelionClient } from "../../provider/xelion/client.ts";
import { OrderReconciler } from "../../provider/xelion/order-reconciler.ts";
import { orderFromState, toOutputs } from "../../provider/xelion/outputs.ts";
import { xelionTenantProvisionProvider } from "../../provider/xelion/provider.ts";
import type { Order, ProvisionOutputs, StatusEvent } from "../../provider/xelion/schema.ts";
import type { StatusSource } from "../../provider/xelion/status-source.ts";
import type { FaultOrder } from "../../sandbox/fault-injection.ts";
import { readScenario, scenarioNames } from "../../sandbox/xelion/scenarios.ts";
import { xelionProvisioningServer } from "../../sandbox/xelion/server.ts";

const service = xelionProvisioningServer();
let callbacks: Server;
let callbackUrl: string;
let folder: string;
/** The listeners of callbacks, by path. It is empty while no run is active. */
const hearers = new Map<string, (news: StatusEvent[]) => Promise<void>>();

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  folder = await mkdtemp(join(tmpdir(), "ucaas-interruptions-"));
  await service.start({ options: { checkTenant: false, callbackTimeoutMs: 200 } });
  callbacks = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const news = toStatusEvent(JSON.parse(body), "callback", new Date().toISOString());
    const take = hearers.get(request.url ?? "");
    const isTaken =
      take &&
      news &&
      (await take([news]).then(
        () => true,
        () => false,
      ));
    response.writeHead(isTaken ? 200 : 404).end();
  });
  await new Promise<void>((resolve) => callbacks.listen(0, "127.0.0.1", resolve));
  callbackUrl = `http://127.0.0.1:${(callbacks.address() as AddressInfo).port}`;
});
afterAll(async () => {
  callbacks.closeAllConnections();
  await Promise.all([
    service.stop(),
    new Promise((resolve) => callbacks.close(resolve)),
    rm(folder, { recursive: true, maxRetries: 5 }),
  ]);
});

/**
 * One `pulumi up`: what is declared, what the service does with the order, and what
 * happens to the run.
 */
interface Run {
  /** Whether the declaration is another than in the run before. */
  change: "nothing" | "configuration" | "retryFailed";
  course: (typeof scenarioNames)[number];
  fault: FaultOrder["kind"] | "none";
  /**
   * At which of its steps the process is killed: each call of the journal, the service
   * and the source is two, before and after it did its work.
   */
  killedAt: number;
  /** Whether a `Cancel` comes at that step instead. */
  cancelled: boolean;
  /**
   * The engine was killed too, or could not save: the state does not hear of what the run
   * came to.
   */
  stateLost: boolean;
  /**
   * What is asked for before the next run: previews, which save nothing, and refreshes,
   * with their answers kept or not.
   */
  between: ("preview" | "preview --refresh" | "refresh" | "refresh --preview-only")[];
}

const runArbitrary: fc.Arbitrary<Run> = fc.record({
  change: fc.constantFrom("nothing", "nothing", "nothing", "configuration", "retryFailed"),
  course: fc.constantFrom(...scenarioNames),
  fault: fc.constantFrom(
    "none",
    "none",
    "none",
    "cut",
    "cutBefore",
    "statusAfter",
    "empty",
    "malformed",
  ),
  killedAt: fc.integer({ min: 0, max: 45 }),
  cancelled: fc.boolean(),
  stateLost: fc.boolean(),
  between: fc.array(
    fc.constantFrom("preview", "preview --refresh", "refresh", "refresh --preview-only"),
    { maxLength: 3 },
  ),
});

describe("with any failure of orders, callbacks and runs", () => {
  test("no declaration is ordered twice, and an undisturbed last run knows each order", async () => {
    let number = 0;
    let [known, completed] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(runArbitrary, { minLength: 1, maxLength: 5 }), async (runs) => {
        const tenantName = `tenant${number++}`;
        const tenant = new Tenant(tenantName);
        for (const run of runs) {
          await tenant.up(run);
          for (const command of run.between) await tenant.ask(command);
        }
        const end = await tenant.up({
          change: "nothing",
          course: "completes",
          fault: "none",
          killedAt: Infinity,
          cancelled: false,
          stateLost: false,
          between: [],
        });

        const orders = Object.values(service.state.orders).filter(
          (order) => order.tenantName === tenantName,
        );
        expect(orders.length).toBeLessThanOrEqual(tenant.declarations);
        // What was noted is never above what was ordered: each declaration has one order
        // of its own configuration.
        for (const hash of new Set(orders.map(({ configurationSha256 }) => configurationSha256))) {
          const allowed = tenant.declared.filter(({ sha256 }) => sha256 === hash).length;
          expect(
            orders.filter(({ configurationSha256 }) => configurationSha256 === hash).length,
          ).toBeLessThanOrEqual(allowed);
        }
        expect([undefined, "ORDER_FAILED", "NOT_FINISHED", "OUTCOME_UNKNOWN"]).toContain(end.code);
        if (end.code !== "OUTCOME_UNKNOWN") {
          expect(tenant.state?.orderId).toBe(orders.at(-1)?.id);
          known++;
        }
        if (end.code === undefined) {
          expect(tenant.state?.status).toBe("COMPLETED");
          expect(orders.at(-1)?.status).toBe("COMPLETED");
          completed++;
        }
      }),
      { numRuns: 100, seed: Number(process.env.SEED ?? 20_250_131), endOnFailure: false },
    );
    expect(known).toBeGreaterThan(number / 2);
    expect(completed).toBeGreaterThan(0);
  });
});

/** A tenant in a stack, over many runs. */
class Tenant {
  readonly name: string;
  /** The order as the state has it. */
  state: Order | undefined;
  /** Each declaration that differed from the one before it. */
  declared: { sha256: string }[] = [];
  #configuration = 0;
  #retryFailed = 0;
  #text = "";

  constructor(name: string) {
    this.name = name;
  }

  get declarations(): number {
    return this.declared.length;
  }

  async up(run: Run): Promise<{ code?: string }> {
    if (run.change === "configuration") this.#configuration++;
    if (run.change === "retryFailed") this.#retryFailed++;
    this.#text = JSON.stringify({
      version: 1,
      organization: { name: `${this.name} ${this.#configuration}` },
    });
    if (this.declared.length === 0 || run.change !== "nothing")
      this.declared.push({ sha256: hash(this.#text) });
    service.state.courses.push(readScenario({ course: run.course, ms: 1, tenantName: this.name }));
    service.faults.clear();
    if (run.fault !== "none") {
      service.fault({
        kind: run.fault,
        method: "POST",
        path: "/provision$",
        ...(run.fault === "statusAfter" && { status: 502 }),
      } as FaultOrder);
    }

    const process = new Process(run.killedAt, run.cancelled);
    const reconciler = new OrderReconciler(this.#dependencies(process), this.state);
    const ended = reconciler.run().then(
      () => ({}),
      (error: unknown) => {
        if (error instanceof UcaasError) return { code: error.code };
        throw error;
      },
    );
    const result = await Promise.race([ended, process.killed.then(() => undefined)]);
    process.end();
    hearers.clear();
    // The course of an order that was not sent.
    service.state.courses = service.state.courses.filter(
      ({ tenantName }) => tenantName !== this.name,
    );
    if (!result) return { code: "KILLED" };
    if (!run.stateLost) this.state = reconciler.order && { ...reconciler.order, heard: [] };
    return result;
  }

  /** A command that sends nothing, in a process of its own, as the engine has it done. */
  async ask(command: Run["between"][number]): Promise<void> {
    if (!this.state) return;
    const config: Record<string, string> = {
      "xelion:baseUrl": service.baseUrl,
      "xelion:apiKey": "Sandbox-xelion-key-1",
      "ucaas:journalDir": folder,
    };
    const provider = xelionTenantProvisionProvider({
      get: (key) => config[key] as never,
      require: (key) => config[key] as never,
    });
    const news = this.#news;
    const saved = toOutputs(news, this.state, service.baseUrl);
    if (command === "preview") return void (await provider.diff("id", saved, news));
    const answer = (await provider.read("id", saved)).props as ProvisionOutputs;
    // The engine compares what was read with what was declared last, and in a preview
    // then with what is declared now.
    await provider.diff("id", answer, news);
    if (command === "preview --refresh") await provider.diff("id", answer, news);
    if (command === "refresh") this.state = orderFromState(answer);
  }

  get #news() {
    return {
      __stack: "shop/live",
      serverUrl: "https://pbx.example",
      tenantName: this.name,
      tenantToken: "token",
      configuration: this.#text,
      timeout: "60ms",
      ...(this.#retryFailed && { retryFailed: this.#retryFailed }),
    };
  }

  #dependencies(process: Process): ConstructorParameters<typeof OrderReconciler>[0] {
    const journal = new Journal(
      { get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never },
      {},
    );
    const config = {
      baseUrl: service.baseUrl,
      apiKey: "Sandbox-xelion-key-1",
      concurrency: 8,
      deadlineSeconds: 5,
      testProvision: true,
    } as ConstructorParameters<typeof XelionClient>[0];
    const client = new XelionClient(config);
    const source: StatusSource = {
      kind: "callback",
      prepare: (_, { intentId }) => process.step(async () => `${callbackUrl}/${intentId}`),
      listen: (order, take) =>
        process.step(async () => {
          hearers.set(`/${order().intentId}`, (news) => process.step(() => take(news)));
          return {
            failed: new Promise<never>(() => {}),
            stop: async () => void hearers.delete(`/${order().intentId}`),
          };
        }),
      poll: async () => [],
      deleteRecord: async () => {},
    };
    return {
      journal: {
        find: (key) => process.step(() => journal.find(key)) as never,
        intend: (...args) => process.step(() => journal.intend(...args)),
        annotate: (...args) => process.step(() => thawed().then(() => journal.annotate(...args))),
        drop: (...args) => process.step(() => thawed().then(() => journal.drop(...args))),
      },
      account: {
        config,
        service: {
          submit: (...args) => process.step(() => client.submit(...args)),
        } as XelionClient,
        callbackOf: () => source as CallbackListener,
        polling: undefined,
        sourceOf: ({ callback }) => (callback === "direct" ? source : undefined),
        pollableSources: () => [],
        validate: () => process.step(async () => ({ kind: "valid" })),
      },
      news: this.#news,
      configuration: {
        property: "configuration",
        text: this.#text,
        value: {},
        hash: hash(this.#text),
      },
      signal: process.cancel.signal,
    };
  }
}

/** A process that is killed or cancelled at one of its steps. */
class Process {
  readonly cancel = new AbortController();
  readonly killed: Promise<void>;
  readonly #kill: () => void;
  #step = 0;
  #dead = false;
  readonly #at: number;
  readonly #cancelled: boolean;

  constructor(at: number, cancelled: boolean) {
    [this.#at, this.#cancelled] = [at, cancelled];
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.killed, this.#kill] = [promise, resolve];
  }

  /** Work that the process may not live to begin, or to hear the end of. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    await this.#survive();
    const result = await work();
    await this.#survive();
    return result;
  }

  end(): void {
    this.#dead = true;
  }

  async #survive(): Promise<void> {
    if (this.#step++ === this.#at) {
      if (this.#cancelled) this.cancel.abort();
      else this.#dead = true;
    }
    if (!this.#dead) return;
    this.#kill();
    await new Promise(() => {});
  }
}

/** A process may be frozen before any write, and go on after the next run. */
async function thawed(): Promise<void> {
  if (frozen++ % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 100));
}
let frozen = 0;

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
