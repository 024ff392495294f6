// usage: lint.cjs <page>... -- <source>...
// Lints Markdown pages by all rules, and what people read in sources by the rules of prose. Prints file:line: problem.
"use strict";
const { readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const prose = require("./prose.cjs");
const { extract } = require("./extract.cjs");

// Markdown as GitHub shows it. Lines may be long, headings may stand close to their text, and examples have no language.
const page = {
  default: true,
  "line-length": false,
  "blanks-around-headings": false,
  "blanks-around-fences": false,
  "blanks-around-lists": false,
  "blanks-around-tables": false,
  "fenced-code-language": false,
  "commands-show-output": false,
  "no-space-in-code": false,
  "no-duplicate-heading": { siblings_only: true },
};
// What the benchmark puts into docs/performance.md.
const part = { ...page, "first-line-h1": false };
const text = { default: false, "sentence-length": true, "banned-phrase": true };

async function main() {
  const { lint } = await import(pathToFileURL(require.resolve("markdownlint/sync")));
  const links = require("markdownlint-rule-relative-links");
  const divide = process.argv.indexOf("--");
  const all = process.argv.slice(2, divide);
  const pages = all.filter((file) => !file.endsWith("/tried.md"));
  const parts = all.filter((file) => file.endsWith("/tried.md"));
  const sources = process.argv.slice(divide + 1);
  const results = {
    ...lint({ files: pages, config: page, customRules: [...prose, links.default ?? links] }),
    ...lint({ files: parts, config: part, customRules: prose }),
    ...lint({ strings: Object.fromEntries(sources.map((file) => [file, extract(file)])), config: text, customRules: prose }),
  };
  for (const [file, problems] of Object.entries(results)) {
    for (const { lineNumber, ruleNames, ruleDescription, errorDetail, errorContext } of problems) {
      console.log(`${file}:${lineNumber}: ${ruleNames.at(-1)}: ${errorDetail ?? ruleDescription}${errorContext ? ` [${errorContext}]` : ""}`);
      process.exitCode = 1;
    }
  }
}

main();
