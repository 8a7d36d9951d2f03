import { plainEnvironment } from "../tools/environment.mjs";

// Before each test file: tests of pipelines and colours set what they need themselves.
const plain = plainEnvironment();
for (const name of Object.keys(process.env)) if (!(name in plain)) delete process.env[name];
