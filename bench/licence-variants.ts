/** One way to write the same resources. */
export interface Variant {
  readonly name: string;
  /** A program that declares so many licences. */
  program(resources: number): string;
}

/** The same arguments for every variant, so that only the way of writing a resource differs. */
const args = `(i) => ({
  ccId: {
    resellerId: "voicehouse",
    resellerName: "Voicehouse",
    tenantId: "tenant-" + i,
    tenantName: "Tenant " + i,
  },
  professionalSeats: 12,
  aiMessaging: { standardBundles: 1 },
})`;

const loop = (declaration: string, resources: number) =>
  `const args = ${args};\nfor (let i = 0; i < ${resources}; i++) ${declaration};\n`;

/**
 * The floor does nothing at all. The second sends the requests that the API asks for, and
 * knows and checks nothing: what it takes longer than the floor is the price of the
 * requests. The closure does what most dynamic providers do, with a client and its
 * packages captured.
 */
export const variants: readonly Variant[] = [
  {
    name: "floor: a dynamic resource that does nothing",
    program: (resources) => `
      import * as pulumi from "@pulumi/pulumi";
      const provider = {
        async diff() { return { changes: false }; },
        async create(inputs) { return { id: inputs.ccId.tenantId, outs: inputs }; },
      };
      class Nothing extends pulumi.dynamic.Resource { constructor(name, args) { super(provider, name, args); } }
      ${loop("new Nothing('licence-' + i, args(i))", resources)}`,
  },
  {
    name: "a dynamic resource that only sends the signed requests",
    program: (resources) => `
      import * as pulumi from "@pulumi/pulumi";
      async function send(method, body) {
        const crypto = process.getBuiltinModule("node:crypto");
        const http = process.getBuiltinModule("node:http");
        const kept = globalThis;
        kept.agent = kept.agent || new http.Agent({ keepAlive: true });
        kept.key = kept.key || crypto.createPrivateKey(process.env.BENCH_KEY);
        const text = JSON.stringify(body);
        const iat = Math.floor(Date.now() / 1000);
        const encoded = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
        const hash = crypto.createHash("sha256").update(text).digest("hex");
        const claims = {
          ...{ iss: "xima-ccaas", aud: "xima-ccaas", sub: "bench", payload_hash: hash },
          ...{ iat, jti: crypto.randomUUID(), exp: iat + 600 },
        };
        const signed = encoded({ alg: "RS256", typ: "JWT", kid: "bench" }) + "." + encoded(claims);
        const signature = await new Promise((resolve, reject) =>
          crypto.sign("RSA-SHA256", Buffer.from(signed), kept.key, (error, made) =>
            error ? reject(error) : resolve(made),
          ),
        );
        const headers = {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
          authorization: "Bearer " + signed + "." + signature.toString("base64url"),
        };
        return new Promise((resolve, reject) => {
          const request = http.request(process.env.BENCH_URL, { method, agent: kept.agent, headers }, (response) => {
            let reply = "";
            response.setEncoding("utf8").on("data", (piece) => { reply += piece; });
            response.on("end", () => response.statusCode === 200 ? resolve(reply) : reject(new Error(reply)));
          });
          request.on("error", reject);
          request.end(text);
        });
      }
      const whose = (props) => ({ ccId: { resellerId: props.ccId.resellerId, tenantId: props.ccId.tenantId } });
      const provider = {
        async diff() { return { changes: false }; },
        async create({ __provider, ...inputs }) {
          await send("POST", inputs);
          return { id: inputs.ccId.tenantId, outs: inputs };
        },
        async read(id, props) { await send("POST", whose(props)); return { id, props }; },
        async delete(id, props) { await send("DELETE", whose(props)); },
      };
      class Sender extends pulumi.dynamic.Resource { constructor(name, args) { super(provider, name, args); } }
      ${loop("new Sender('licence-' + i, args(i))", resources)}`,
  },
  {
    name: "XimaLicense",
    program: (resources) => `
      import { XimaLicense } from "pulumi-ucaas";
      ${loop("new XimaLicense('licence-' + i, args(i))", resources)}`,
  },
  {
    name: "a provider class closed over its client",
    program: (resources) => `
      import * as pulumi from "@pulumi/pulumi";
      class Client {
        constructor(baseUrl) { this.baseUrl = baseUrl; }
        async send(method, body) {
          const { createHash } = await import("node:crypto");
          const text = JSON.stringify(body);
          return { method, url: this.baseUrl, hash: createHash("sha256").update(text).digest("hex"), attempts: 1 };
        }
        async update(inputs) { return this.send("POST", inputs); }
        async remove(inputs) { return this.send("DELETE", { ccId: inputs.ccId }); }
      }
      class Provider {
        constructor(client) { this.client = client; }
        async check(olds, news) {
          const failures = [];
          for (const key of Object.keys(news))
            if (key.endsWith("Seats") && !(Number.isInteger(news[key]) && news[key] >= 0))
              failures.push({ property: key, reason: "must be a whole number" });
          return { inputs: news, failures };
        }
        async diff(id, olds, news) {
          const changed = Object.keys(news).filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
          return { changes: changed.length > 0, replaces: changed.filter((key) => key === "ccId") };
        }
        async create(inputs) {
          await this.client.update(inputs);
          return { id: inputs.ccId.resellerId + "/" + inputs.ccId.tenantId, outs: inputs };
        }
        async read(id, props) { return { id, props }; }
        async update(id, olds, news) { await this.client.update(news); return { outs: news }; }
        async delete(id, props) { await this.client.remove(props); }
      }
      class Licence extends pulumi.dynamic.Resource {
        constructor(name, args) {
          super(new Provider(new Client("https://licensing.example/v1")), name, args);
        }
      }
      ${loop("new Licence('licence-' + i, args(i))", resources)}`,
  },
];
