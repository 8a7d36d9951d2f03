/** One way to declare the same EnableX customers with Pulumi. */
export interface CustomerProgram {
  readonly name: string;
  /** `changed`: the first customer has another email address. */
  program(customers: number, changed: boolean): string;
}

/** Sends one request and reads its reply, with nothing but what Node has. */
const send = `
  async function send(method, path, body) {
    const http = process.getBuiltinModule("node:http");
    const shared = globalThis;
    shared.benchAgent = shared.benchAgent || new http.Agent({ keepAlive: true, maxSockets: 16 });
    const text = body && JSON.stringify(body);
    const headers = {
      authorization: process.env.BENCH_AUTHORIZATION,
      ...(text && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
    };
    return new Promise((resolve, reject) => {
      const url = process.env.BENCH_URL + "/customers" + path;
      const request = http.request(url, { method, agent: shared.benchAgent, headers }, (response) => {
        let reply = "";
        response.setEncoding("utf8").on("data", (piece) => { reply += piece; });
        response.on("end", () => response.statusCode === 200 ? resolve(JSON.parse(reply)) : reject(new Error(reply)));
      });
      request.on("error", reject);
      request.end(text);
    });
  }`;

const args = (changed: boolean) => `
  const email = (i) => (${changed} && i === 0 ? "changed" : "customer-" + i) + "@example.com";
  const args = (i) => ({ customerName: "Customer " + i, customerCode: "code-" + i, contactEmail: email(i) });`;

export const floor: CustomerProgram = {
  name: "floor",
  program: (customers, changed) => `
    import * as pulumi from "@pulumi/pulumi";
    ${send}
    const provider = {
      async diff(id, olds, news) { return { changes: olds.contactEmail !== news.contactEmail }; },
      async create({ contactEmail }) {
        const reply = await send("POST", "", { customer_name: contactEmail, contact_email: contactEmail });
        return { id: String(reply.customer.customer_id), outs: { contactEmail } };
      },
      async read(id, props) { await send("GET", "/" + id); return { id, props }; },
      async update(id, olds, { contactEmail }) {
        await send("PATCH", "/" + id, { contact_email: contactEmail });
        return { outs: { contactEmail } };
      },
      async delete(id) { await send("DELETE", "/" + id); },
    };
    class Customer extends pulumi.dynamic.Resource { constructor(name, args) { super(provider, name, args); } }
    ${args(changed)}
    for (let i = 0; i < ${customers}; i++) new Customer("customer-" + i, { contactEmail: email(i) });`,
};

export const ucaas: CustomerProgram = {
  name: "pulumi-ucaas",
  program: (customers, changed) => `
    import { EnableXCustomer } from "pulumi-ucaas";
    ${args(changed)}
    for (let i = 0; i < ${customers}; i++) new EnableXCustomer("customer-" + i, args(i));`,
};

export const closure: CustomerProgram = {
  name: "closure",
  program: (customers, changed) => `
    import * as pulumi from "@pulumi/pulumi";
    class Client {
      constructor(baseUrl, authorization) { this.baseUrl = baseUrl; this.authorization = authorization; }
      async send(method, path, body) {
        const response = await fetch(this.baseUrl + "/customers" + path, {
          method,
          headers: { authorization: this.authorization, ...(body && { "content-type": "application/json" }) },
          body: body && JSON.stringify(body),
        });
        const reply = await response.json();
        if (!response.ok) throw new Error(method + " " + path + ": " + JSON.stringify(reply));
        return reply;
      }
      toFields(inputs) {
        return {
          customer_name: inputs.customerName,
          customer_code: inputs.customerCode,
          contact_email: inputs.contactEmail,
        };
      }
      fromFields(row) {
        return {
          customerName: row.customer_name,
          customerCode: row.customer_code,
          contactEmail: row.contact_email,
        };
      }
      async create(inputs) { return String((await this.send("POST", "", this.toFields(inputs))).customer.customer_id); }
      async read(id) { return this.fromFields((await this.send("GET", "/" + id)).customer); }
      async update(id, inputs) { await this.send("PATCH", "/" + id, this.toFields(inputs)); }
      async remove(id) { await this.send("DELETE", "/" + id); }
    }
    class Provider {
      constructor(client) { this.client = client; }
      async check(olds, news) {
        const failures = [];
        if (!/^[^@]+@[^@]+$/.test(news.contactEmail))
          failures.push({ property: "contactEmail", reason: "must be an email address" });
        return { inputs: news, failures };
      }
      async diff(id, olds, news) {
        const changed = ["customerName", "customerCode", "contactEmail"].filter((key) => olds[key] !== news[key]);
        return { changes: changed.length > 0 };
      }
      async create(inputs) {
        const id = await this.client.create(inputs);
        return { id, outs: { ...inputs, customerId: id } };
      }
      async read(id, props) { return { id, props: { ...props, ...(await this.client.read(id)) } }; }
      async update(id, olds, news) { await this.client.update(id, news); return { outs: { ...news, customerId: id } }; }
      async delete(id) { await this.client.remove(id); }
    }
    class Customer extends pulumi.dynamic.Resource {
      constructor(name, args) {
        const client = new Client(process.env.BENCH_URL, process.env.BENCH_AUTHORIZATION);
        super(new Provider(client), name, args);
      }
    }
    ${args(changed)}
    for (let i = 0; i < ${customers}; i++) new Customer("customer-" + i, args(i));`,
};
