/** Bundles the page into src/deepstep/explorer/static: `npm run build`; `--check` compares and writes nothing. */
import { build } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../src/deepstep/explorer/static");
const MOST = 240_000; // bytes of script and style together

const names = readdirSync(join(here, "src"), { recursive: true, encoding: "utf8" }).sort();
const sources = names.map((name) => join(here, "src", name));
const texts = new Map(sources.filter((path) => /\.(js|css)$/.test(path)).map((path) => [path, readFileSync(path, "utf8")]));
const whole = [...texts.values()].join("\n");

/** Keys of the catalogue that stand whole in the sources become short; not those that are put together, `say.${kind}`. */
const parted = [...whole.matchAll(/`([\w.]+\.)\$\{/g)].map(([, beginning]) => beginning);
const keys = [...texts.get(join(here, "src/messages.js")).matchAll(/^ {2}"([\w.]+)":/gm)]
  .map(([, key]) => key)
  .filter((key) => !parted.some((beginning) => key.startsWith(beginning)));
const unused = keys.filter((key) => whole.split(`"${key}"`).length < 3);
if (unused.length) throw new Error(`no source uses the texts ${unused.join(", ")}`);
const short = new Map(keys.map((key, i) => [`"${key}"`, `"${i.toString(36)}"`]));

/** So do the variables of the style. */
const variables = new Set(whole.match(/--[a-z][a-z-]*(?=:)/g));
for (const [i, name] of [...variables].entries()) short.set(name, `--${i.toString(36)}`);

const read = (path) => texts.get(path).replace(/"[\w.]+"|--[a-z][a-z-]*/g, (text) => short.get(text) ?? text);

/**
 * What a browser does not need: indentation and breaks between tags, which htm leaves out anyway, and the type of buttons
 * that stand in no form.
 */
const smaller = {
  name: "smaller",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/ui\/[^/]+\.js$/ }, ({ path }) => {
      const text = read(path).replace(/\n\s+/g, "\n").replace(/(?<=[>}"])\n(?=[<$>]|\/>)/g, "");
      return { contents: text.includes("<form") ? text : text.replace(/\s+type="button"/g, "") };
    });
    onLoad({ filter: /\/src\/.*\.js$/ }, ({ path }) => ({ contents: read(path) }));
    onLoad({ filter: /\.css$/ }, ({ path }) => ({ contents: read(path), loader: "css" }));
  },
};

const licences = readFileSync(join(here, "banner.txt"), "utf8").trimEnd();
const result = await build({
  entryPoints: { explorer: join(here, "src/main.js"), style: join(here, "src/style/index.css") },
  absWorkingDir: here,
  bundle: true,
  plugins: [smaller],
  minify: true,
  write: false,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  outdir: "out",
  banner: { js: `/*!\n${licences}\n*/` },
});
const bundle = Object.fromEntries(
  result.outputFiles.map(({ path, text }) => [path.endsWith(".css") ? "explorer.css" : "explorer.js", text]),
);
const size = Object.values(bundle).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
for (const [name, text] of Object.entries(bundle)) console.log(`${name} ${Buffer.byteLength(text)} bytes`);
if (size > MOST) throw new Error(`${size} bytes are more than ${MOST}`);
if (/<\/script/i.test(bundle["explorer.js"]) || /<\/style/i.test(bundle["explorer.css"]))
  throw new Error("an end tag in the bundle would end its element");
const files = { ...bundle, NOTICE: readFileSync(join(here, "NOTICE"), "utf8") };
if (process.argv.includes("--check")) {
  for (const [name, text] of Object.entries(files)) {
    if (readFileSync(join(target, name), "utf8") !== text)
      throw new Error(`${name} is not what web/ makes: run npm run build`);
  }
} else {
  mkdirSync(target, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text);
}
