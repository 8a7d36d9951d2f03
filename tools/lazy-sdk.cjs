// `node --require tools/lazy-sdk.cjs`: the compiler of TypeScript and npm's tree of packages
// are loaded when they are first used. The SDK loads both, for programs that serialize
// functions; the resources of this package do not. In each `pulumi up` of a test, that is a
// quarter of the CPU time.
// @ts-nocheck: it replaces a function of Node that has no type
"use strict";
const Module = require("node:module");

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request !== "typescript" && request !== "@npmcli/arborist")
    return load.call(this, request, ...rest);
  const loaded = () => load.call(Module, request, ...rest);
  return new Proxy(
    {},
    {
      // Else the SDK's `__importStar` copies all exports at once.
      get: (_, name) => (name === "__esModule" ? true : loaded()[name]),
      has: (_, name) => name in loaded(),
    },
  );
};
