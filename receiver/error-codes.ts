import type {} from "pulumi-ucaas/internal/runtime/errors";

/** What the codes of the receiver mean. */
export const receiverErrors = {
  DATABASE_NOT_DURABLE: "the database may lose what it has confirmed",
  DATABASE_NOT_MIGRATED: "the tables cannot be created or changed",
  DATABASE_NOT_OPENED: "the database cannot be opened",
  DATABASE_URL_INVALID: "the URL of the database cannot be used",
  LISTEN_FAILED: "the address cannot be opened",
  PUBLIC_URL_MISSING: "the public URL is missing",
  RELAY_KEY_MISSING: "the relay key is missing",
  RELAY_KEY_TOO_SHORT: "the relay key is too short",
  TLS_FILES_INVALID: "certificate and key come together",
} as const;

declare module "pulumi-ucaas/internal/runtime/errors" {
  interface ErrorCatalogues {
    receiver: typeof receiverErrors;
  }
}
