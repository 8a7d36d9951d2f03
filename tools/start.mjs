// node tools/start.mjs [--without-engine] [script [arguments …]]
//
// Makes sure that the packages and the engine are there, then runs the script on the
// project's Node. Plain JavaScript for the Node of any machine, and nothing is imported
// before that Node is known to be new enough to read it.
const needed = 20;
if (Number.parseInt(process.versions.node, 10) < needed) {
  console.error(
    `This is Node ${process.versions.node}; the project starts on Node ${needed} or newer. Install one (https://nodejs.org), then try again.`,
  );
  process.exit(1);
}

const args = process.argv.slice(2);
const withoutEngine = args[0] === "--without-engine";
if (withoutEngine) args.shift();

const { SetupError, Interrupted } = await import("./progress.mjs");
try {
  const { installPackages } = await import("./install.mjs");
  await installPackages();
  const folder = withoutEngine
    ? undefined
    : await (await import("./engine/setup.mjs")).setUpEngine();
  if (args.length > 0) {
    const { runOnProjectNode } = await import("./run-on-project-node.mjs");
    const { code, signal } = await runOnProjectNode(args);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  } else {
    console.log(
      `Ready: the packages are installed${folder ? `, and the engine is in ${folder}` : ""}.`,
    );
  }
} catch (error) {
  if (!(error instanceof SetupError || error instanceof Interrupted)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof Interrupted ? 130 : 1;
}
