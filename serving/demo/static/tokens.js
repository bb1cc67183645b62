// How tokens, which may be anything that Unicode holds, are shown.

const SIGNS = new Map([["</s>", "end"], ["<unk>", "unknown"], [" ", "␣"], ["\u00a0", "␣"], ["\t", "⇥"], ["\n", "↵"]]);
const NAMES = new Map([[" ", "space"], ["\u00a0", "no-break space"], ["\t", "tab"], ["\n", "line break"]]);
const INVISIBLE = /^[\p{C}\p{Z}]+$/u;

/** An element with these properties and children; strings become text, never HTML. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** What a token is called in a sentence. */
export function nameOf(token) {
  return NAMES.get(token) ?? SIGNS.get(token) ?? (INVISIBLE.test(token) ? codePoints(token) : token);
}

/** The token as people see it: what has no shape of its own gets a sign. */
export function tokenElement(token) {
  const invisible = INVISIBLE.test(token);
  if (SIGNS.has(token) || invisible) {
    return element("span", { className: "sign" }, SIGNS.get(token) ?? codePoints(token));
  }
  // A combining mark alone needs something to stand on.
  return element("span", {}, /^\p{M}/u.test(token) ? `◌${token}` : token);
}

function codePoints(token) {
  return [...token].map((point) => `U+${point.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`).join(" ");
}
