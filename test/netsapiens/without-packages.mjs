// Loaded before a program: the packages that WITHOUT_PACKAGES names cannot be found, as
// on a machine where they were never installed.
import { registerHooks } from "node:module";

const hidden = (process.env.WITHOUT_PACKAGES ?? "").split(",");

registerHooks({
  resolve(specifier, context, next) {
    if (hidden.includes(specifier))
      throw Object.assign(new Error(`Cannot find package '${specifier}'`), {
        code: "ERR_MODULE_NOT_FOUND",
      });
    return next(specifier, context);
  },
});
