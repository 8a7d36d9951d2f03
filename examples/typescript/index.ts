import { EnableXCustomer, EnableXUser, type EnableXUserArgs } from "pulumi-ucaas";

const acme = new EnableXCustomer("acme", {
  customerName: "Acme Ltd",
  customerCode: "acme",
  contactEmail: "it@acme.example",
});

type Person = Pick<EnableXUserArgs, "firstName" | "email">;
const people: Record<string, Person> = {
  ada: { firstName: "Ada", email: "ada@acme.example" },
  grace: { firstName: "Grace", email: "grace@acme.example" },
};

for (const [name, person] of Object.entries(people)) {
  new EnableXUser(`acme-${name}`, {
    customerId: acme.customerId,
    userType: "moderator",
    ...person,
  });
}

export const customerId = acme.customerId;
