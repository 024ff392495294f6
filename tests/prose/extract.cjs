// What people read in a source file, as Markdown, each text at the line where it begins in the source: the string literals
// of C and C# that are sentences, the comments of YAML and the annotations of alerts, the text of a manual page.
"use strict";
const { readFileSync } = require("node:fs");

const fewest = 4; // words that make a message
const apart = "\u2029"; // ends a message, as prose.cjs reads it
const escaped = (text) => text.replace(/[<>_*[\]|#`~]/gu, "\\$&");

// The literal that begins at `at`, with each {hole} of C# as one word.
function literal(source, at) {
  const prefix = source.slice(at, at + 3).match(/^[$@]*/u)[0];
  const quote = source.slice(at + prefix.length).match(/^(?:"""+|")/u)[0];
  const verbatim = prefix.includes("@") || quote.length > 1;
  let text = "";
  let i = at + prefix.length + quote.length;
  while (i < source.length && !source.startsWith(quote, i)) {
    if (!verbatim && source[i] === "\\") {
      text += { n: apart, '"': '"' }[source[i + 1]] ?? "";
      i += 2;
    } else if (prefix.includes("$") && source[i] === "{" && source[i + 1] !== "{") {
      i = hole(source, i + 1);
      text += "X";
    } else text += source[i++];
  }
  return { at, text, end: i + quote.length };
}

function hole(source, at) {
  for (let depth = 1; at < source.length; at++) {
    if (/^[$@]*"/u.test(source.slice(at, at + 3))) at = literal(source, at).end - 1;
    else if (source[at] === "{") depth++;
    else if (source[at] === "}" && --depth === 0) return at + 1;
  }
  return at;
}

// All literals, those that the compiler puts together ("..." + "...", "..." PRIu32 "...") as one.
function* literals(source) {
  const code = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\])+'|GeneratedRegex\(.*|[$@]*"/gu;
  let last = null;
  for (let match; (match = code.exec(source)) !== null; ) {
    if (!/^[$@]*"$/u.test(match[0])) continue;
    const next = literal(source, match.index);
    code.lastIndex = next.end;
    if (last && /^[\s+]*(?:[A-Z]\w*\s*)?$/u.test(source.slice(last.end, next.at))) {
      last = { at: last.at, text: last.text + next.text, end: next.end };
    } else {
      if (last) yield last;
      last = next;
    }
  }
  if (last) yield last;
}

function extract(file) {
  const source = readFileSync(file, "utf8");
  const lines = source.split("\n");
  if (/\.ya?ml$/u.test(file)) {
    let key = Infinity; // how far the key of an annotation is indented, while its text goes on
    return lines
      .map((line) => {
        const depth = line.search(/\S|$/u);
        if (/^\s*(?:summary|description): /u.test(line)) key = depth;
        else if (depth <= key) key = Infinity;
        if (key === Infinity && line[depth] !== "#") return "";
        return escaped(line.replace(/^\s*(?:#\s?|(?:summary|description): (?:>-)?)?/u, "").replace(/\{\{.*?\}\}/gu, "X")).trim();
      })
      .join("\n");
  }
  if (!/\.(cs|c|h)$/u.test(file)) {
    const words = (line) => escaped(line.replace(/^\.(?:[BI]R?|RB|RI)\s/u, "").replace(/\\f.|\\/gu, ""));
    return lines.map((line) => (/^\.(?![BIR])/u.test(line) ? "" : words(line))).join("\n");
  }
  const texts = lines.map(() => "");
  for (const { at, text } of literals(source)) {
    if (text.trim().split(/\s+/u).length < fewest) continue;
    texts[source.slice(0, at).split("\n").length - 1] += `${escaped(text).replaceAll("\n", apart).trim()}${apart} `;
  }
  return texts.join("\n");
}

module.exports = { extract };
