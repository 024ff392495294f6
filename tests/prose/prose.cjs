// Two rules for markdownlint: no sentence over 30 words, and none of the phrases of banned.txt.
"use strict";
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const longest = 30;
const ends = /(?<!\b(?:e\.g|i\.e|etc|vs|cf|no))[.!?]["')*_]*\s+|\u2029\s*/gu;
const banned = readFileSync(join(__dirname, "banned.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" -> "))
  .map(([phrase, better]) => ({ phrase, better, pattern: new RegExp(`\\b${phrase.replaceAll(" ", "\\s+")}\\b`, "giu") }));

// Each run of text in a document, with code and link targets as one word, and line breaks kept.
function* texts(tokens) {
  for (const token of tokens) {
    if (["paragraph", "tableData", "tableHeader", "atxHeadingText"].includes(token.type)) {
      yield {
        line: token.startLine,
        text: token.text
          .replace(/(`+)[^`]*?(?:`[^`]+)*?\1(?!`)/gu, (code) => `CODE${"\n".repeat(code.split("\n").length - 1)}`)
          .replace(/\]\([^)]*\)/gu, "]"),
      };
    } else yield* texts(token.children);
  }
}

const lineOf = ({ line, text }, offset) => line + text.slice(0, offset).split("\n").length - 1;

function* sentences(run) {
  let begin = 0;
  for (const end of [...run.text.matchAll(ends), { index: run.text.length, 0: "" }]) {
    const sentence = run.text.slice(begin, end.index);
    yield { sentence, line: lineOf(run, begin) };
    begin = end.index + end[0].length;
  }
}

module.exports = [
  {
    names: ["sentence-length"],
    description: `A sentence has at most ${longest} words`,
    tags: ["prose"],
    parser: "micromark",
    function: ({ parsers }, onError) => {
      for (const run of texts(parsers.micromark.tokens)) {
        for (const { sentence, line } of sentences(run)) {
          const words = sentence.match(/\S*[\p{L}\p{N}]\S*/gu) ?? [];
          if (words.length > longest) onError({ lineNumber: line, detail: `${words.length} words: ${words.slice(0, 6).join(" ")} ...` });
        }
      }
    },
  },
  {
    names: ["banned-phrase"],
    description: "There is a plainer word",
    tags: ["prose"],
    parser: "micromark",
    function: ({ parsers }, onError) => {
      for (const run of texts(parsers.micromark.tokens)) {
        for (const { pattern, better } of banned) {
          for (const found of run.text.matchAll(pattern)) {
            onError({ lineNumber: lineOf(run, found.index), detail: `"${found[0].replace(/\s+/gu, " ")}": ${better}` });
          }
        }
      }
    },
  },
];
