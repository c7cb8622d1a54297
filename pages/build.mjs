// Bundles the pages: `node build.mjs OUT` writes index.html, assets and their licences.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "dist");
const SHIPPED = ["preact", "@preact/signals", "@preact/signals-core", "uplot"];

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { main: "src/main.tsx" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const outputs = Object.entries(metafile.outputs);
const entry = outputs.find(([, made]) => made.entryPoint === "src/main.tsx");
if (!entry) throw new Error("esbuild made no output of src/main.tsx");
const named = (path) => `assets/${basename(path)}`;
const script = named(entry[0]);
const style = named(entry[1].cssBundle);
// What the entry imports at once is fetched beside it, not after it.
const imported = entry[1].imports.filter((each) => each.kind === "import-statement");
const preload = imported.map((each) => `<link rel="modulepreload" href="${named(each.path)}">`);

const page = await readFile(join(here, "src/index.html"), "utf8");
await writeFile(
  join(out, "index.html"),
  page.replace("{{style}}", style).replace("{{script}}", script).replace("{{preload}}", preload.join("\n")),
);
await writeFile(join(out, "assets/icon.svg"), await readFile(join(here, "src/icon.svg")));

const notices = await Promise.all(
  SHIPPED.map(async (name) => {
    const text = await readFile(join(here, "node_modules", name, "LICENSE"), "utf8");
    return `${name}\n${"-".repeat(name.length)}\n${text.trim()}\n`;
  }),
);
await writeFile(join(out, "assets/licences.txt"), notices.join("\n\n"));

const initial = [script, style, ...imported.map((each) => named(each.path))];
const chunks = outputs.map(([path]) => relative(out, join(here, path)).replaceAll("\\", "/"));
await writeFile(join(out, "parts.json"), JSON.stringify({ initial, chunks }, null, 1));
