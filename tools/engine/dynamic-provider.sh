#!/bin/sh
# pulumi-ucaas stand-in, revision 1
#
# Starts the dynamic-resource provider of the program's own @pulumi/pulumi. It does what Pulumi's script of this name does, and it takes the Node
# that the project brings (npm's package `node`): the one on PATH may be too old, when the engine was not started by npm or npx.
nearest() {
  folder=$PWD
  until [ -e "$folder/$1" ]; do
    [ "$folder" = / ] && return 1
    folder=$(dirname "$folder")
  done
  printf '%s\n' "$folder/$1"
}
node=$(nearest node_modules/.bin/node) || node=node
if ! provider=$(nearest node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js); then
  echo "@pulumi/pulumi is not installed for $PWD. Run \"npm install\" in the project's folder, then try again." >&2
  exit 1
fi
exec "$node" "$provider" "$@"
