// Builds the script of the report: one file, the same for the same sources and the pinned versions.
//   node build.mjs [FOLDER]   writes report.js there, by default into the package
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = process.argv[2] ?? join(here, "../../omni_assets/operations/report/assets");

await build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts"],
  outfile: join(folder, "report.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  banner: { js: "/* Report script of Omni Assets; contains Apache ECharts and ZRender, see NOTICE beside this file. */" },
});
