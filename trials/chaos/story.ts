/** A story: what engineers and machines do to one stack, as data that a seed determines. */
import type { FaultOrder } from "../../sandbox/fault-injection.ts";
import {
  type Declaration,
  type EditName,
  edits,
  type Fresh,
  type ResourceType,
} from "./declaration.ts";
import { Random } from "./random.ts";

export type ServerName = "xima" | "enablex" | "netsapiens" | "xelion" | "xelion-tenant";
export type Process = "cli" | "language" | "provider" | "tree";

/**
 * When a blow falls: `afterMs` after the command's start; or after a write has reached a
 * server, the server has committed it and not yet replied, or the reply has left.
 */
export type Moment =
  | { readonly when: "start"; readonly afterMs: number }
  | {
      readonly when: "arrived" | "committed" | "replied";
      readonly afterMs: number;
      readonly skip: number;
    };

/** What happens to the machine while a command runs. */
export type Blow =
  | { readonly kind: "kill"; readonly process: Process }
  | {
      readonly kind: "freeze";
      readonly process: Process;
      readonly ms: number;
      readonly thenKill: boolean;
    }
  | { readonly kind: "interrupt"; readonly times: 1 | 2 }
  | { readonly kind: "diskFull" }
  | { readonly kind: "secondUp"; readonly lostLock: boolean };

export interface ServerFault {
  readonly server: ServerName;
  readonly fault: FaultOrder;
}

export interface Step {
  readonly label: string;
  /** What is done to the stack before the command. */
  readonly before?: "renameStack" | "otherMachine" | "lostMachine" | undefined;
  readonly command: "up" | "destroy" | "refresh";
  /** What the program declares while the command runs. */
  readonly declaration: Declaration;
  readonly faults: readonly ServerFault[];
  readonly blow?: { readonly moment: Moment; readonly blow: Blow } | undefined;
  /** How far the machine's clock is off. */
  readonly clockSeconds: number;
}

export interface Story {
  readonly seed: number;
  readonly number: number;
  readonly hard: boolean;
  readonly steps: readonly Step[];
}

/** Writes story number `number` of a seed. */
export function writeStory(
  seed: number,
  number: number,
  { hard = false, short = false } = {},
): Story {
  const random = new Random(seed * 1_000_003 + number);
  let names = 0;
  let keys = 0;
  const fresh: Fresh = { name: () => `r${++names}`, key: () => `k${number}x${++keys}` };
  const things = random.int(2, hard ? 5 : 3);
  let declaration: Declaration = [];
  for (let at = 0; at < things; at++) declaration = edits.add(declaration, random, fresh).after;
  const history: Declaration[] = [[], declaration];
  const steps: Step[] = [];
  const count = short ? random.int(1, 2) : random.int(2, hard ? 5 : 3);
  for (let at = 0; at < count; at++) {
    const label: string[] = [];
    let command: Step["command"] = "up";
    if (at === 0)
      label.push(`declare ${declaration.map(({ type, key }) => `${type} ${key}`).join(", ")}`);
    else {
      const choice = random.weighted<EditName | "regret" | "destroy" | "nothing" | "refresh">({
        add: 2,
        remove: 3,
        change: 4,
        rename: 3,
        replace: 2,
        swap: 2,
        handOver: 2,
        regret: 4,
        destroy: 1,
        nothing: 1,
        refresh: 1,
      });
      if (choice === "destroy" || choice === "refresh") {
        command = choice;
        label.push(choice);
      } else if (choice === "regret") {
        declaration = history.at(-2) ?? declaration;
        label.push("go back to the declaration before");
      } else if (choice !== "nothing") {
        const edited = edits[choice](declaration, random, fresh);
        label.push(edited?.label ?? "change nothing");
        declaration = edited?.after ?? declaration;
      } else label.push("change nothing");
      if (history.at(-1) !== declaration) history.push(declaration);
    }
    const before =
      at > 0 && random.chance(0.15)
        ? random.pick(["renameStack", "otherMachine"] as const)
        : undefined;
    steps.push({
      label: label.join(", "),
      before,
      command,
      declaration,
      faults: random.chance(0.6) ? faults(random, declaration, hard) : [],
      blow: random.chance(0.75) ? blow(random, hard) : undefined,
      clockSeconds: random.chance(0.05) ? random.pick([-86_400, -90, 90, 3_600, 86_400]) : 0,
    });
  }
  return { seed, number, hard, steps };
}

/** What each type's provider sends, so that faults meet something. */
const requestsOf: Readonly<
  Record<
    ResourceType,
    readonly (Pick<FaultOrder, "method" | "path" | "bodyMatches"> & { server: ServerName })[]
  >
> = {
  XimaLicense: [
    { server: "xima", method: "POST", bodyMatches: "Seats" },
    { server: "xima", method: "POST" },
    { server: "xima", method: "DELETE" },
  ],
  EnableXCustomer: [
    { server: "enablex", method: "POST", path: "/customers$" },
    { server: "enablex", method: "GET" },
    { server: "enablex", method: "PATCH" },
    { server: "enablex", method: "DELETE" },
  ],
  EnableXSubscription: [
    { server: "enablex", method: "POST", path: "/subscriptions$" },
    { server: "enablex", method: "GET", path: "/subscriptions" },
  ],
  EnableXUser: [
    { server: "enablex", method: "POST", path: "/users$" },
    { server: "enablex", method: "GET", path: "/users" },
  ],
  XelionTenantProvision: [
    { server: "xelion", method: "POST", path: "/provision$" },
    { server: "xelion", method: "POST", path: "/provision$" },
    { server: "xelion", method: "GET" },
    { server: "xelion-tenant", method: "POST" },
  ],
  NetsapiensOAuthClient: [{ server: "netsapiens" }],
};

function faults(random: Random, declaration: Declaration, hard: boolean): ServerFault[] {
  const requests = declaration.flatMap(({ type }) => requestsOf[type]);
  if (requests.length === 0) return [];
  return Array.from({ length: random.int(1, hard ? 4 : 2) }, () => {
    const { server, ...match } = random.pick(requests);
    return { server, fault: { ...match, ...fault(random, hard) } };
  });
}

/**
 * What stands for a refusal once the server has acted. A server that refuses has not acted,
 * but a proxy before it may say one of these.
 */
const unclearStatuses: Record<number, number> = {
  400: 408,
  403: 499,
  404: 500,
  409: 502,
  429: 504,
};

function fault(random: Random, hard: boolean): FaultOrder {
  const common = {
    skip: Number(random.weighted({ "0": 4, "1": 2, "2": 1 })),
    times: Number(random.weighted({ "1": 6, "2": 2, "7": 1 })),
  };
  const status = random.pick([400, 403, 404, 408, 409, 429, 500, 502, 503, 504]);
  const kind = random.weighted({
    status: 4,
    statusAfter: 4,
    cutBefore: 2,
    cut: 5,
    hang: hard ? 1 : 0,
    hangAfter: hard ? 2 : 0,
    late: 2,
    delay: 1,
    delayAfter: 1,
    malformed: 2,
    html: 1,
    empty: 1,
    drip: 1,
  });
  switch (kind) {
    case "statusAfter": {
      const unclear = unclearStatuses[status] ?? status;
      // The words of a proxy: a vendor that says 408 itself has refused.
      const body = unclear < 500 ? { body: "<html>the request took too long</html>" } : {};
      return { ...common, kind, status: unclear, ...body };
    }
    case "status":
      return {
        ...common,
        kind,
        status,
        ...(status === 429 || status === 503 ? { retryAfter: random.pick([0, 1, 2]) } : {}),
      };
    case "late":
    case "delay":
    case "delayAfter":
      return { ...common, kind, ms: random.int(50, 1_500) };
    case "drip":
      return { ...common, kind, ms: random.int(5, 100) };
    default:
      return { ...common, kind };
  }
}

function blow(random: Random, hard: boolean): Step["blow"] {
  const when = random.weighted({ start: 2, arrived: 1, committed: 5, replied: 2 });
  const moment: Moment =
    when === "start"
      ? { when, afterMs: random.int(200, 5_000) }
      : {
          when,
          afterMs: random.int(0, when === "replied" ? 300 : 100),
          skip: Number(random.weighted({ "0": 5, "1": 3, "2": 1 })),
        };
  const process = random.weighted<Process>({ cli: 2, language: 1, provider: 3, tree: 3 });
  const kind = random.weighted({ kill: 6, freeze: 1, interrupt: 2, diskFull: 2, secondUp: 1 });
  const blows: Record<typeof kind, () => Blow> = {
    kill: () => ({ kind: "kill", process }),
    freeze: () => ({
      kind: "freeze",
      process,
      ms: random.int(200, hard ? 8_000 : 1_500),
      thenKill: random.chance(0.3),
    }),
    interrupt: () => ({ kind: "interrupt", times: random.pick([1, 2]) }),
    diskFull: () => ({ kind: "diskFull" }),
    secondUp: () => ({ kind: "secondUp", lostLock: hard && random.chance(0.3) }),
  };
  return { moment, blow: blows[kind]() };
}

/** The story in a few lines. */
export function tell(story: Story): string {
  const lines = story.steps.map((step, at) => {
    const parts = [
      `${at + 1}. ${step.before ? `${step.before}; ` : ""}${step.command}: ${step.label}`,
    ];
    if (step.clockSeconds !== 0) parts.push(`the clock is off by ${step.clockSeconds} s`);
    for (const { server, fault } of step.faults)
      parts.push(`fault at ${server}: ${JSON.stringify(fault)}`);
    if (step.blow) parts.push(`blow: ${JSON.stringify(step.blow)}`);
    return parts.join("\n     ");
  });
  return [
    `story ${story.number} of seed ${story.seed}${story.hard ? " (hard)" : ""}`,
    ...lines,
  ].join("\n  ");
}
