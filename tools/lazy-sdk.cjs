// `node --require tools/lazy-sdk.cjs`: the parts of Pulumi's SDK that the resources of this
// package never use are loaded when they are first used: the compiler of TypeScript, npm's
// tree of packages, the Automation API, the serializer of functions and the tracer. In each
// `pulumi up` of a test, they are a third of the CPU time.
// @ts-nocheck: it replaces a function of Node that has no type
"use strict";
const Module = require("node:module");

const packages = new Set(["typescript", "@npmcli/arborist"]);
/** The folder that requires, and what. */
const automation = /[\\/]@pulumi[\\/]pulumi \.\/automation$/;
const serializer =
  /[\\/]@pulumi[\\/]pulumi[\\/]runtime[\\/]closure (\.\/createClosure|normalize-package-data)$/;
const tracer = /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run @opentelemetry\/(?!api$)/;

const load = Module._load;
Module._load = (request, parent, ...rest) => {
  const by = `${parent?.path} ${request}`;
  const loaded = () => load.call(Module, request, parent, ...rest);
  if (packages.has(request) || automation.test(by) || serializer.test(by)) return lazy(loaded);
  // With this variable the SDK traces, and asks for constants too.
  if (tracer.test(by) && !process.env.TRACEPARENT) return lazyFunctions(loaded);
  return loaded();
};

/** The module, loaded when a name of it is asked for. */
function lazy(loaded) {
  return new Proxy(
    {},
    {
      get: (_, name) => {
        // Else the SDK's `__importStar` copies all exports at once.
        if (name === "__esModule") return true;
        const module = loaded();
        return name === "default" && !module.__esModule ? module : module[name];
      },
      has: (_, name) => name in loaded(),
    },
  );
}

/** The module, whose names are asked for at once, loaded when one is called. */
function lazyFunctions(loaded) {
  const lazyFunction = (name) =>
    new Proxy(class {}, {
      apply: (_, self, args) => Reflect.apply(loaded()[name], self, args),
      construct: (_, args) => Reflect.construct(loaded()[name], args),
    });
  return new Proxy({}, { get: (_, name) => lazyFunction(name) });
}
