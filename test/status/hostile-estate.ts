import { nothingChecked } from "../../cli/drift/report.ts";
import { driftCheck } from "../../cli/status/drift-history.ts";
import { component, reportOf, resource } from "./estate.ts";

/** Names that would act in HTML, SVG, an attribute or a terminal. */
export const hostileNames = [
  "<script>document.title='run'</script>",
  '"><img src=x onerror="document.title=\'run\'">',
  "</svg></style><style>body{display:none}</style>",
  "</title><h1>not ours</h1>",
  "javascript:document.title='run'",
  "onload=document.title='run'",
  "&lt;b&gt; &amp; %3Cscript%3E",
  "a\u202egnp.exe\u001b[31m\u0000b",
  "x".repeat(500),
  "__proto__",
  "constructor",
];

const customers = ["acme", "clinic", "harbour-hotel", "north-school", ...hostileNames];

/** An estate with prices, drift, a certificate that ends, and hostile names. */
export function hostileEstate() {
  const resources = customers.flatMap((name, index) => [
    component(name),
    resource(
      "XimaLicense",
      name,
      { professionalSeats: 4 + index, ccId: { resellerId: "voicehouse", tenantId: name } },
      { lastAssertedAt: "2026-01-02T00:00:00Z" },
    ),
    resource("EnableXUser", name, { userType: "moderator" }),
    ...(index % 3 === 0
      ? [
          resource(
            "XelionTenantProvision",
            name,
            {},
            {
              status: index === 0 ? "COMPLETED" : "IN_PROGRESS",
              orderId: index,
              tenantName: name,
              statusHistory: [
                { time: "2026-01-02T00:00:00Z", status: "SUBMITTED", source: "reply" },
              ],
            },
          ),
        ]
      : []),
  ]);
  const terms = {
    prices: {
      currency: "EUR",
      period: "month",
      skus: { "xima.professionalSeats": "30.00", "enablex.users": "4.50" },
    },
  } as never;
  const driftChecks = Array.from({ length: 14 }, (_, day) =>
    driftCheck({
      version: 1,
      unreadStacks: [],
      customers: [
        {
          vendor: "enablex",
          server: "https://api.enablex.example/ucaas/v1",
          status: "counted",
          stacks: ["prod"],
          existing: 7,
          declared: 6,
          undeclared: 1,
          named: [{ id: "1007", name: hostileNames[1] }],
        },
      ],
      checkedAt: `2026-01-${String(day + 1).padStart(2, "0")}T03:17:00.000Z`,
      status: day % 4 === 1 ? "drift" : day === 6 ? "unknown" : "none",
      stacks: [
        {
          stack: "prod",
          status: day % 4 === 1 ? "drift" : day === 6 ? "unknown" : "none",
          ...nothingChecked,
          checked: 30,
          compared: 30,
          differences:
            day % 4 === 1
              ? customers.slice(0, day + 1).map((customer) => ({
                  customer,
                  resource: "XimaLicense",
                  name: customer,
                  urn: `urn:${customer}`,
                  kind: "changed" as const,
                }))
              : [],
          unknown: day === 6 ? [{ reason: "no answer" }] : [],
        },
      ],
    }),
  );
  return reportOf([{ stack: "prod", resources, pending: [], terms }], {
    certificates: [{ stack: "prod", endsAt: "2026-01-20T00:00:00.000Z", daysLeft: 15 }],
    driftChecks,
    takenAt: new Date("2026-01-14T04:00:00Z"),
    notes: [`a note of ${hostileNames[0]}`],
  });
}
