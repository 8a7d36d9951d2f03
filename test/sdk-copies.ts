import { createRequire } from "node:module";
import type * as Grpc from "@grpc/grpc-js";

// The SDK's copies: a message is only taken by the protobuf runtime that made it.
export const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
export const grpc = sdk("@grpc/grpc-js") as typeof Grpc;
export const { Struct } = sdk(
  "google-protobuf/google/protobuf/struct_pb.js",
) as typeof import("google-protobuf/google/protobuf/struct_pb.js");
