// draw.mjs BOARDS ANSWERS OUT: compiles and draws each Vega-Lite panel of BOARDS/*.ndjson with ANSWERS/<id>.json.
// Fails on a warning, on an empty or wrong number of marks, and on numbers that are none.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import * as vega from "vega";
import * as vl from "vega-lite";

const [boards, answers, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

// How many marks the answer must give.
const expected = {
  "logferry-overview-failure-rate": (rows) => rows.reduce((sum, row) => sum + row.time.buckets.length, 0),
  "logferry-overview-slowest": (rows) => rows.filter((row) => row._source.lambda?.duration_ms !== undefined).length,
  "logferry-invocation-timeline": (rows) => rows.length,
  "logferry-pipeline-freshness": (rows) => rows.length,
};

function strict() {
  const fail = (...words) => { throw new Error(words.join(" ")); };
  const logger = { level: () => logger, error: fail, warn: fail, info: () => logger, debug: () => logger };
  return logger;
}

let drawn = 0;
for (const file of readdirSync(boards).filter((name) => name.endsWith(".ndjson"))) {
  for (const line of readFileSync(`${boards}/${file}`, "utf8").split("\n").filter(Boolean)) {
    const object = JSON.parse(line);
    if (object.type !== "visualization") continue;
    const state = JSON.parse(object.attributes.visState);
    if (state.type !== "vega") continue;
    const spec = JSON.parse(state.params.spec);
    const rows = JSON.parse(readFileSync(`${answers}/${object.id}.json`, "utf8"));
    spec.data = { name: "rows", values: rows };
    if (process.env.BREAK) spec.encoding.x.field = "no_such_field";
    const compiled = vl.compile(spec, { logger: strict() }).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: "none", logger: strict() });
    const svg = await view.toSVG();
    const marks = (svg.match(/<path aria-label="[^"]*" role="graphics-symbol"/g) ?? []).length;
    const wanted = expected[object.id](rows);
    if (marks !== wanted || wanted === 0) throw new Error(`${object.id}: ${marks} marks, ${wanted} wanted`);
    if (/NaN|undefined|Infinity/.test(svg)) throw new Error(`${object.id}: a number that is none in its picture`);
    const data = compiled.marks[0].from.data;
    const fields = Object.values(spec.encoding).flat().map((channel) => channel.field).filter(Boolean);
    for (const row of view.data(data)) {
      for (const field of fields) {
        if (row[field] === undefined || Number.isNaN(row[field])) throw new Error(`${object.id}: ${field} is ${row[field]}`);
      }
    }
    writeFileSync(`${out}/${object.id}.svg`, svg);
    console.log(`${object.id}: ${marks} marks, ${svg.length} bytes`);
    drawn += 1;
  }
}
if (drawn !== Object.keys(expected).length) throw new Error(`${drawn} panels drawn`);
