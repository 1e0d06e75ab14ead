// The one way in which the page makes elements. Texts are only ever set as text.

/** An element with attributes (a function is a listener, false and null are left out) and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Says something to those who do not see the page. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
