/** Bundles the page into src/deepstep/explorer/static: `npm run build`; `--check` compares and writes nothing. */
import { build } from "esbuild";
import { readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../src/deepstep/explorer/static");
const MOST = 150_000; // bytes of script and style together

/** Keys of the catalogue that stand whole in the sources become short; the parts of others are put together there. */
const PUT_TOGETHER = /^(say|toy|kind|error|screen|phase|bar\.unit)\b/;
const catalogue = readFileSync(join(here, "src/messages.js"), "utf8");
const keys = [...catalogue.matchAll(/^ {2}("[\w.]+"):/gm)].map(([, key]) => key);
const short = new Map(keys.filter((key) => !PUT_TOGETHER.test(key.slice(1))).map((key, i) => [key, `"${i.toString(36)}"`]));

/** So do the variables of the style. */
const style = ["base", "frame", "home", "lab", "play", "dialog"].map((name) => join(here, `src/style/${name}.css`));
const named = style.flatMap((path) => readFileSync(path, "utf8").match(/--[a-z][a-z-]*(?=:)/g) ?? []);
for (const [i, name] of [...new Set(named)].entries()) short.set(name, `--${i.toString(36)}`);

const read = (path) => readFileSync(path, "utf8").replace(/"[\w.]+"|--[a-z][a-z-]*/g, (text) => short.get(text) ?? text);

/**
 * What a browser does not need: indentation of templates, which htm leaves out anyway, and the type of buttons
 * that stand in no form.
 */
const smaller = {
  name: "smaller",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/ui\/[^/]+\.js$/ }, ({ path }) => {
      const text = read(path).replace(/\n\s+/g, "\n");
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
