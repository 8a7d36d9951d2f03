// Pulumi loads a pack with require(), and the pack is an ES module.
module.exports = import("pulumi-ucaas-policy/pack");
