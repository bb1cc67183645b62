// The page: what is typed goes to the server, what comes back is shown, and only ever as text.

import { attentionElements } from "./attention.js";
import { element, nameOf, tokenElement } from "./tokens.js";

const WAIT_MILLISECONDS = 300; // after the last key, before the line is translated
const at = (id) => document.getElementById(id);
const longestLine = Number(document.querySelector("main").dataset.longestLine);

let underWay = new AbortController();
let waiting = 0;

const count = (text) => [...text].length;

/** A number as people read it, with a true minus sign. */
function number(value, digits) {
  const written = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return written.replace("-", "−");
}

/** Ends what is under way, and translates after a while. */
function lineChanged(event) {
  if (event?.isComposing) return;
  at("clear-prefix").disabled = !at("prefix").value;
  stop();
  waiting = setTimeout(translate, WAIT_MILLISECONDS);
}

function stop() {
  clearTimeout(waiting);
  underWay.abort();
  at("result").setAttribute("aria-busy", "false");
}

async function translate() {
  stop();
  const text = at("text").value.replace(/[\r\n]+/g, " ");
  const prefix = at("prefix").value;
  showFault(null);
  if (!text.trim()) {
    clear("The line is empty: type something to translate.");
    return;
  }
  for (const [name, value] of [["line", text], ["start of the translation", prefix]]) {
    if (count(value) > longestLine) {
      clear("");
      showFault(`The ${name} has ${number(count(value), 0)} characters: ${number(longestLine, 0)} are the most here.`);
      return;
    }
  }
  const mine = (underWay = new AbortController());
  showStarted(prefix);
  try {
    const response = await fetch("translate", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, prefix }),
      signal: mine.signal,
    });
    if (response.ok) {
      for await (const event of events(response)) handle(event, prefix);
    } else {
      clear("");
      showFault((await response.json()).message);
    }
  } catch (error) {
    if (mine.signal.aborted) return;
    clear("");
    showFault("The demo's own server gave no answer. Is it still running? seq2seq demo starts it.", String(error), true);
  }
  if (mine === underWay) at("result").setAttribute("aria-busy", "false");
}

/** The JSON objects of a response, one a line, as they arrive. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

function handle(event, prefix) {
  if (event.event === "token") {
    at("tokens").append(element("li", {}, element("span", { className: "token" }, tokenElement(event.text))));
  } else if (event.event === "answer") {
    showAnswer(event, prefix);
  } else {
    clear("");
    showFault(event.message, event.detail, true);
  }
}

function showStarted(prefix) {
  at("result").setAttribute("aria-busy", "true");
  at("translation").textContent = prefix ? `${prefix}…` : "…";
  at("tokens").replaceChildren();
  at("status").textContent = "";
  at("details").classList.add("stale");
}

function clear(message) {
  at("translation").textContent = "";
  at("tokens").replaceChildren();
  at("status").textContent = message;
  at("details").hidden = true;
}

function showFault(message, detail = "", again = false) {
  const fault = at("fault");
  fault.hidden = message === null;
  fault.replaceChildren();
  if (message === null) return;
  fault.append(message);
  if (detail) fault.append(element("code", {}, detail));
  if (again) fault.append(element("button", { type: "button", onclick: translate }, "Try again"));
}

function showAnswer(answer, prefix) {
  const { candidates } = answer;
  if (candidates.length === 0) {
    clear("The model found no translation.");
    return;
  }
  const choose = (place) => showCandidate(candidates, place, answer.source_tokens, prefix);
  at("candidates").replaceChildren(
    ...candidates.map((candidate, place) => candidateRow(candidate, place, () => choose(place))));
  at("candidates-hint").textContent = candidates.length > 1
    ? "Best first. Choose one to see its tokens and its attention."
    : "This model answers with its best translation alone; decoding.n_best in its configuration asks for more.";
  at("details").classList.remove("stale");
  at("details").hidden = false;
  choose(0);
}

function candidateRow(candidate, place, choose) {
  const probability = Math.exp(candidate.log_prob);
  const bar = element("span", { className: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", probability);
  return element("tr", {},
    element("th", { scope: "row" },
      element("label", {},
        element("input", { type: "radio", name: "candidate", checked: place === 0, onchange: choose }), textElement(candidate.text))),
    element("td", {}, element("span", { className: "probability" }, bar, element("span", {}, percentage(probability)))),
    element("td", {}, number(candidate.score, 3)),
    element("td", { className: "wide" }, number(candidate.log_prob, 3)));
}

function percentage(probability) {
  return probability > 0 && probability < 0.0005 ? "< 0.1 %" : `${number(100 * probability, 1)} %`;
}

function textElement(text) {
  return text ? element("bdi", {}, text) : element("span", { className: "sign" }, "empty");
}

function showCandidate(candidates, place, sourceTokens, prefix) {
  const candidate = candidates[place];
  at("translation").replaceChildren(textElement(candidate.text));
  at("tokens").replaceChildren(...candidate.tokens.map((token) => tokenButton(token, candidate.text, prefix)));
  at("status").replaceChildren(
    element("span", { className: "unseen" }, `Translation: ${candidate.text || "an empty text"}. `),
    place === 0 && candidates.length > 1
      ? `The best of ${candidates.length} candidates.`
      : `Candidate ${place + 1} of ${candidates.length}.`);
  const direction = getComputedStyle(at("text")).direction;
  at("attention").replaceChildren(...attentionElements(candidate, sourceTokens, direction));
}

/** A token; pressed, the translation is kept up to it, and completed. */
function tokenButton(token, text, prefix) {
  if (token.end === null) return element("li", {}, element("span", { className: "token" }, tokenElement(token.text)));
  const start = [...text].slice(0, token.end).join("");
  const given = token.end <= count(prefix);
  return element("li", {}, element("button", {
    type: "button",
    className: given ? "token given" : "token",
    title: `Keep “${start}” and complete it`,
    "aria-label": `${nameOf(token.text)}: keep “${start}” and complete it`,
    onclick: () => setPrefix(start),
  }, tokenElement(token.text)));
}

function setPrefix(start) {
  at("prefix").value = start;
  at("prefix").focus();
  lineChanged();
}

at("text").addEventListener("input", lineChanged);
at("prefix").addEventListener("input", lineChanged);
for (const field of [at("text"), at("prefix")]) field.addEventListener("compositionend", () => lineChanged());
at("clear-prefix").addEventListener("click", () => setPrefix(""));
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  translate();
});
at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    translate();
  }
});
if (at("text").value) translate(); // a page that the browser has restored
