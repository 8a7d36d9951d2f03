/**
 * For each mutant a story in which its fault shows, and what the oracle then says. The
 * provider itself passes all of them.
 */
import type { Declaration, Declared } from "./declaration.ts";
import type { MutantName } from "./mutants.ts";
import type { Verdict } from "./oracle.ts";
import type { Step, Story } from "./story.ts";

/** Numbers from which the random stories are far away. */
const numbers: Readonly<Record<MutantName, number>> = {
  "repeated-post": 900_001,
  "blind-journal": 900_002,
  "blind-ownership": 900_003,
  "lost-partial-failure": 900_004,
};

const keyOf = (mutant: MutantName, at: number) => `k${numbers[mutant]}x${at}`;

function story(
  number: number,
  ...steps: (Partial<Step> & Pick<Step, "label" | "declaration">)[]
): Story {
  return {
    ...{ seed: 0, number, hard: false },
    steps: steps.map((step) => ({ command: "up", faults: [], clockSeconds: 0, ...step })),
  };
}

const licence = (mutant: MutantName, at: number, name = `r${at}`): Declared => ({
  type: "XimaLicense",
  name,
  key: keyOf(mutant, at),
  version: 1,
});

const customer: Declared = {
  type: "EnableXCustomer",
  name: "r1",
  key: keyOf("repeated-post", 1),
  version: 1,
};
const subscription: Declared = {
  type: "EnableXSubscription",
  name: "r2",
  key: keyOf("repeated-post", 2),
  version: 1,
  owner: customer.key,
};
const tenant: Declared = {
  type: "XelionTenantProvision",
  name: "r1",
  key: keyOf("blind-journal", 1),
  version: 1,
};

export const mutantStories: Readonly<
  Record<MutantName, { readonly story: Story; readonly verdict: Verdict }>
> = {
  "repeated-post": {
    verdict: "made twice",
    story: story(numbers["repeated-post"], {
      label: "the reply to the create of a subscription is lost",
      declaration: [customer, subscription],
      faults: [
        { server: "enablex", fault: { method: "POST", path: "/subscriptions$", kind: "cut" } },
      ],
    }),
  },
  "blind-journal": {
    verdict: "made twice",
    story: story(numbers["blind-journal"], {
      label: "all is killed when the service has the order and has not replied",
      declaration: [tenant],
      blow: {
        moment: { when: "committed", afterMs: 50, skip: 0 },
        blow: { kind: "kill", process: "tree" },
      },
    }),
  },
  "blind-ownership": {
    verdict: "lost",
    story: story(
      numbers["blind-ownership"],
      { label: "declare a licence", declaration: [licence("blind-ownership", 1)] },
      {
        label: "rename its resource",
        declaration: [{ ...licence("blind-ownership", 1, "renamed"), remedy: { adopt: true } }],
      },
    ),
  },
  "lost-partial-failure": {
    verdict: "left unreported",
    story: story(
      numbers["lost-partial-failure"],
      {
        label: "the reply to the create of a licence says 500, though it was made",
        declaration: [licence("lost-partial-failure", 1), licence("lost-partial-failure", 2)],
        faults: [
          {
            server: "xima",
            fault: {
              method: "POST",
              bodyMatches: `${keyOf("lost-partial-failure", 2)}.*Seats`,
              kind: "statusAfter",
              status: 500,
              times: 9,
            },
          },
        ],
      },
      // Without the journal, which names it as well, only the state can tell.
      {
        label: "go back",
        before: "lostMachine",
        declaration: [licence("lost-partial-failure", 1)],
      },
    ),
  },
};

const killedAfterCommit = (process: "tree" | "provider"): Step["blow"] => ({
  moment: { when: "committed", afterMs: 50, skip: 0 },
  blow: { kind: "kill", process },
});

/** The order of one machine is cut off, and the next run is on another without the journal. */
const orders = (["tree", "provider"] as const).map((process, at): Story => {
  const number = 900_005 + at;
  const declaration: Declaration = [{ ...tenant, key: `k${number}x1` }];
  const label = `${process} is killed when the service has the order and has not replied`;
  return story(
    number,
    { label, declaration, blow: killedAfterCommit(process) },
    { label: "again", before: "otherMachine", declaration },
  );
});

/** A change of one machine is cut off, and another one goes back to what the state has. */
const wayBack = (
  [
    { type: "XimaLicense", change: "delete", process: "tree" },
    { type: "EnableXCustomer", change: "update", process: "tree" },
    { type: "XelionTenantProvision", change: "update", process: "tree" },
    { type: "XimaLicense", change: "delete", process: "provider" },
    { type: "XimaLicense", change: "update", process: "provider" },
    { type: "EnableXCustomer", change: "delete", process: "provider" },
  ] as const
).map(({ type, change, process }, at): Story => {
  const number = 900_010 + at;
  const resource: Declared = { type, name: "r1", key: `k${number}x1`, version: 1 };
  const changed = change === "update" ? [{ ...resource, version: 2 }] : [];
  return story(
    number,
    { label: `declare ${type}`, declaration: [resource] },
    {
      label: `${process} is killed after its ${change}`,
      declaration: changed,
      blow: killedAfterCommit(process),
    },
    { label: "go back", before: "otherMachine", declaration: [resource] },
  );
});

/**
 * A create is cut off, and another machine, or the stack by another name, declares
 * something else, or nothing.
 */
const abandoned = (
  [
    { type: "XimaLicense", process: "tree", next: "another object" },
    { type: "EnableXCustomer", process: "tree", next: "nothing" },
    { type: "XimaLicense", process: "provider", next: "another object" },
    { type: "EnableXCustomer", process: "provider", next: "nothing" },
    { type: "XimaLicense", process: "provider", next: "another object", before: "renameStack" },
  ] as const
).map(({ type, process, next, ...step }, at): Story => {
  const number = 900_020 + at;
  const resource: Declared = { type, name: "r1", key: `k${number}x1`, version: 1 };
  const other = next === "nothing" ? [] : [{ ...resource, key: `k${number}x2` }];
  const label = `${process} is killed after the create of ${type}`;
  return story(
    number,
    { label, declaration: [resource], blow: killedAfterCommit(process) },
    { label: `declare ${next}`, before: "otherMachine", ...step, declaration: other },
  );
});

/** A customer is to get the code of one that a cut-off create has left. */
const takenCode = ((): Story => {
  const number = 900_030;
  const resource: Declared = {
    ...{ type: "EnableXCustomer", name: "r1", key: `k${number}x1`, version: 1 },
  };
  return story(
    number,
    {
      label: "provider is killed after the create",
      declaration: [resource],
      blow: killedAfterCommit("provider"),
    },
    { label: "declare another code", declaration: [{ ...resource, key: `k${number}x2` }] },
    { label: "go back", before: "otherMachine", declaration: [resource] },
  );
})();

export const otherMachineStories: readonly Story[] = [
  ...orders,
  ...wayBack,
  ...abandoned,
  takenCode,
];
