// The picture of the attention: a table of shaded cells, whose numbers and headings a screen reader reads.

import { element, nameOf, tokenElement } from "./tokens.js";

const LONG = 3; // characters; with longer tokens the headings of columns are turned
const NARROW = "(max-width: 34rem)"; // there the text, which is often the longer side, runs down

/** What there is to show of a candidate's attention, as a list of elements. */
export function attentionElements(candidate, sourceTokens, direction) {
  switch (candidate.attention.kind) {
    case "none":
      return [element("p", {}, "This model has no attention: there is nothing to draw.")];
    case "too_large":
      return [element("p", {}, "The picture would be too large: it is drawn for shorter lines.")];
    default:
      return picture(candidate.tokens.map((token) => token.text), sourceTokens, candidate.attention.percent, direction);
  }
}

function picture(targetTokens, sourceTokens, percent, direction) {
  const target = { tokens: targetTokens, name: "translation" };
  const source = { tokens: sourceTokens, name: "text" };
  const [rows, columns] = matchMedia(NARROW).matches ? [source, target] : [target, source];
  const share = (row, column) => (rows === target ? percent[row][column] : percent[column][row]);
  const layout = `Rows: the ${rows.name}. Columns: the ${columns.name}.`;
  return [
    element("p", { className: "hint" }, `${layout} The stronger the colour, the more the model looked at the text there.`),
    element("div", { className: "picture", role: "region", tabIndex: 0, "aria-label": "Picture of the attention" },
      heatTable(rows.tokens, columns.tokens, share, direction, `Attention in percent. ${layout}`)),
    element("p", { className: "scale" }, "0 %", element("span", { "aria-hidden": "true" }), "100 %"),
    element("details", {},
      element("summary", {}, "In words"),
      element("ul", { id: "attention-words" }, ...inWords(targetTokens, sourceTokens, percent))),
  ];
}

function heatTable(rowTokens, columnTokens, share, direction, caption) {
  const long = columnTokens.some((token) => token !== "</s>" && [...token].length > LONG);
  const heading = (token, scope, className = "") =>
    element("th", { scope, className, title: nameOf(token) }, tokenElement(token));
  const columnHeadings = columnTokens.map((token) => heading(token, "col", long ? "long" : ""));
  const table = element("table", { className: "heat", dir: direction },
    element("caption", { className: "unseen" }, caption),
    element("thead", {}, element("tr", {}, element("td", { className: "corner" }), ...columnHeadings)));
  const body = table.createTBody();
  rowTokens.forEach((rowToken, row) => {
    const cells = columnTokens.map((columnToken, column) => {
      const value = share(row, column);
      const cell = element("td", { title: `${nameOf(rowToken)}, ${nameOf(columnToken)}: ${value} %` },
        element("span", {}, `${value} %`));
      cell.style.setProperty("--share", value / 100);
      return cell;
    });
    body.append(element("tr", {}, heading(rowToken, "row"), ...cells));
  });
  return table;
}

function inWords(targetTokens, sourceTokens, percent) {
  return targetTokens.map((token, row) => {
    const most = percent[row].indexOf(Math.max(...percent[row]));
    return element("li", {},
      element("bdi", {}, nameOf(token)), " looked most at ", element("bdi", {}, nameOf(sourceTokens[most])),
      ` (${percent[row][most]} %)`);
  });
}
