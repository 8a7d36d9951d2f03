/** One NetSapiens host: the API below `/ns-api/`, the admin portal below `/SiPbx/`. */

import { html, json } from "../http-types.ts";
import { SandboxServer } from "../server.ts";
import { answerApi } from "./api.ts";
import { type NetsapiensOptions, netsapiensOptions } from "./options.ts";
import { answerPortal } from "./portal.ts";
import { initialState, type NetsapiensState } from "./state.ts";

export const netsapiensServer = () =>
  new SandboxServer<NetsapiensState, NetsapiensOptions>({
    name: "netsapiens",
    options: netsapiensOptions,
    initialState,
    refuse: (status, message) => json(status, { code: status, message }),
    handle(request, server) {
      if (request.path.startsWith("/ns-api/")) return answerApi(request, server);
      if (request.path.startsWith("/SiPbx/")) return answerPortal(request, server);
      return html(404, "<!doctype html>\n<title>404 Not Found</title><h1>Not Found</h1>\n");
    },
  });
