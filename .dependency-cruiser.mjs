// The ways that imports may go. Two processes share this code: a program loads `stacks → provider/index → <vendor>/resource → dynamic/loader` and nothing
// heavy; the provider process loads `host → <vendor>/provider → client, schema → http`. Types may be imported from anywhere that is not forbidden outright.

const vendor = "^provider/(?!dynamic/|http/)([^/]+)/";
const runtime = { dependencyTypesNot: ["type-only", "type-import", "jsdoc"] };

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Two files that need each other are one file, or a third is missing.",
      from: {},
      to: { circular: true, viaOnly: runtime },
    },
    {
      name: "sandbox-is-written-from-the-contracts",
      comment: "A vendor's server that shares code, or only a type, with our client would mirror its misreadings.",
      from: { path: "^sandbox/" },
      to: { path: "^(provider|stacks|cli|demo|bench|test)/" },
    },
    {
      name: "provider-stands-alone",
      comment: "The provider is what others install; the rest of the house is not in that package.",
      from: { path: "^provider/" },
      to: { path: "^(stacks|cli|sandbox|demo|bench|tools|test)/" },
    },
    {
      name: "no-vendor-imports-another",
      comment: "What two vendors share belongs into provider/dynamic or provider/http.",
      from: { path: vendor },
      to: { path: vendor, pathNot: "^provider/$1/" },
    },
    {
      name: "core-knows-no-vendor",
      from: { path: "^provider/(dynamic|http)/" },
      to: { path: ["^provider/(host|index)[.]ts$", vendor] },
    },
    {
      name: "program-enters-by-index",
      comment: "A program imports `pulumi-ucaas`, as everybody else's does.",
      from: { path: "^stacks/" },
      to: { path: ["^provider/(?!index[.]ts$)", "^(cli|sandbox|demo|bench|test|tools)/"] },
    },
    {
      name: "index-loads-resources-only",
      from: { path: "^provider/index[.]ts$" },
      to: { pathNot: `${vendor}resource[.]ts$`, ...runtime },
    },
    {
      name: "resource-is-light",
      comment: "What a resource file loads, every program loads. Import the type, or move the value.",
      from: { path: `${vendor}resource[.]ts$` },
      to: { pathNot: ["^provider/dynamic/loader[.]ts$", "node_modules/@pulumi/pulumi/"], ...runtime },
    },
    {
      name: "loader-is-light",
      comment: "The loader is in every program too.",
      from: { path: "^provider/dynamic/loader[.]ts$" },
      to: { pathNot: "node_modules/@pulumi/pulumi/", ...runtime },
    },
    {
      name: "host-loads-providers",
      from: { path: "^provider/host[.]ts$" },
      to: { path: "^provider/", pathNot: [`${vendor}provider[.]ts$`, "^provider/(dynamic|http)/"], ...runtime },
    },
    {
      name: "provider-is-loaded-by-the-host",
      comment: "A provider decides; what it calls (client, schema) does not call back.",
      from: { path: "^provider/", pathNot: "^provider/host[.]ts$" },
      to: { path: `${vendor}provider[.]ts$`, ...runtime },
    },
    {
      name: "resource-is-loaded-by-the-program",
      from: { path: "^provider/", pathNot: "^provider/index[.]ts$" },
      to: { path: ["^provider/index[.]ts$", `${vendor}resource[.]ts$`], ...runtime },
    },
    {
      name: "installed-with-the-package",
      comment: "A dependency of development is not there for who installs the package.",
      from: { path: "^(provider|stacks|cli)/" },
      to: { dependencyTypes: ["npm-dev"], ...runtime },
    },
    {
      name: "can-be-found",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: "specify",
    detectJSDocImports: false,
    includeOnly: "^(provider|stacks|sandbox|cli|demo|tools|bench|test)/|node_modules|^(node:)?[a-z]",
    doNotFollow: { path: "node_modules" },
    exclude: "(^|/)test/fixtures/",
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".cjs", ".js"],
    },
  },
};
