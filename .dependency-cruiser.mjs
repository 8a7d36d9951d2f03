// The ways that imports may go. Two processes share this code: a program loads `stacks →
// provider/index → <vendor>/resource → runtime/resource-base` and
// nothing heavy; the provider process loads `host → <vendor>/provider → client, schema → http`.
// Types may be imported from anywhere that is not forbidden outright.

const vendor = "^provider/(?!runtime/|http/)([^/]+)/";
/** What every program loads: the door, and the component that is made of resources. */
const program = "^provider/(index|customer)[.]ts$";
/** With them, what resources themselves are made of. */
const lightRuntime = [
  "abandoned-providers",
  "append-log",
  "data-dir",
  "errors",
  "host-location",
  "is-record",
  "journal-location",
  "loader-line",
  "note-run",
  "organization",
  "own-property",
  "own-runs",
  "parse-json",
  "plain-secret-warning",
  "registration",
  "resource-base",
  "sdk-command",
  "secret-mark",
  "secret-paths",
  "secrets",
  "stack-identity",
  "stack-resources",
  "stack-traces",
  "state-file",
  "suggest",
  "undeclared-writes",
];
const light = [
  program,
  `${vendor}(resource|secret-names)[.]ts$`,
  `^provider/runtime/(${lightRuntime.join("|")})[.]ts$`,
];
const runtime = { dependencyTypesNot: ["type-only", "type-import", "jsdoc"] };

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      severity: "error",
      name: "no-cycle",
      comment: "Two files that need each other are one file, or a third is missing.",
      from: {},
      to: { circular: true },
    },
    {
      severity: "error",
      name: "sandbox-is-written-from-the-contracts",
      comment:
        "A vendor's server that shares code, or only a type, with our client would mirror its misreadings.",
      from: { path: "^sandbox/" },
      to: { path: "^(provider|stacks|receiver|cli|demo|bench|test|trials)/" },
    },
    {
      severity: "error",
      name: "provider-stands-alone",
      comment: "The provider is what others install; the rest of the house is not in that package.",
      from: { path: "^provider/" },
      to: { path: "^(stacks|cli|policy|sandbox|receiver|demo|bench|tools|test|trials)/" },
    },
    {
      severity: "error",
      name: "receiver-stands-alone",
      comment:
        "It meets the provider by HTTP. It shares how callbacks and settings are read, connections limited and text masked.",
      from: { path: "^receiver/" },
      to: {
        path: "^(provider|stacks|sandbox|cli|demo|bench|tools|test|trials)/",
        pathNot:
          "^provider/(xelion/callback-request|http/(connections|pool)|runtime/(config|errors|printable|secrets))[.]ts$",
      },
    },
    {
      severity: "error",
      name: "no-vendor-imports-another",
      comment: "What two vendors share belongs into provider/runtime or provider/http.",
      from: { path: vendor },
      to: { path: vendor, pathNot: "^provider/$1/" },
    },
    {
      severity: "error",
      name: "core-knows-no-vendor",
      from: { path: "^provider/(runtime|http)/" },
      to: { path: ["^provider/(host|index)[.]ts$", vendor] },
    },
    {
      severity: "error",
      name: "stacks-enter-by-the-doors",
      comment: "Our stacks import what everybody else's can: the package's exports.",
      from: { path: "^stacks/" },
      to: {
        path: [
          "^provider/(?!(index|schemas|runtime/stack-resources)[.]ts$)",
          "^(cli|policy|sandbox|receiver|demo|bench|test|tools|trials)/",
        ],
      },
    },
    {
      severity: "error",
      name: "program-is-light",
      comment:
        "What these files load, every program loads: resources, the loader, the SDK. Import the type, or move the value.",
      from: { path: light },
      to: {
        pathNot: [
          ...light,
          "node_modules/(@pulumi/pulumi|fastest-levenshtein)/",
          "^(node:)?(crypto|fs|module|net|os|path|url|zlib)$",
        ],
        // What is imported on demand is not loaded by every program.
        dynamic: false,
        ...runtime,
      },
    },
    {
      severity: "error",
      name: "schemas-decide-only",
      comment: "Checking a file with the schemas calls no vendor and registers nothing.",
      from: { path: "^provider/schemas[.]ts$" },
      to: {
        path: [
          program,
          "^provider/(host[.]ts$|http/)",
          `${vendor}(client|provider|resource)[.]ts$`,
        ],
        ...runtime,
      },
    },
    {
      severity: "error",
      name: "host-loads-providers",
      from: { path: "^provider/host[.]ts$" },
      to: {
        path: "^provider/",
        pathNot: [`${vendor}provider[.]ts$`, "^provider/(runtime|http)/"],
        ...runtime,
      },
    },
    {
      severity: "error",
      name: "provider-is-loaded-by-the-host",
      comment: "A provider decides; what it calls (client, schema) does not call back.",
      from: { path: "^provider/", pathNot: "^provider/host[.]ts$" },
      to: { path: `${vendor}provider[.]ts$`, ...runtime },
    },
    {
      severity: "error",
      name: "resource-is-loaded-by-the-program",
      comment: "The provider process has no program, and a resource would register itself in none.",
      from: { path: "^provider/", pathNot: program },
      to: { path: [program, `${vendor}resource[.]ts$`], ...runtime },
    },
    {
      severity: "error",
      name: "installed-with-the-package",
      comment: "A dependency of development is not there for who installs the package.",
      from: { path: "^(provider|stacks|receiver|cli|policy)/" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: [...runtime.dependencyTypesNot, "npm-peer"],
      },
    },
    {
      severity: "error",
      name: "can-be-found",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: "specify",
    detectJSDocImports: false,
    doNotFollow: { path: "node_modules" },
    exclude: "(^|/)test/fixtures/",
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".cjs", ".js"],
    },
  },
};
