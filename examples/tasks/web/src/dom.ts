// Elements of the page. Text goes in as text, never as HTML.

type Attributes = Record<string, string | number | boolean | undefined>;

/** Makes an element. An attribute that is undefined or false is left out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** The page's element of that id and class. */
export function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

const icons = {
  left: "M10 3 5 8l5 5",
  right: "m6 3 5 5-5 5",
  edit: "m10.5 3 2.5 2.5L6 12.5l-3 .5.5-3z",
  delete: "M4 4l8 8M12 4l-8 8",
};

/** A button that shows an icon and is called by its label. */
export function iconButton(icon: keyof typeof icons, action: () => void): HTMLButtonElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", icons[icon]);
  svg.append(path);
  const button = make("button", { type: "button", class: "icon", "data-icon": icon }, svg);
  button.addEventListener("click", action);
  return button;
}

/** Names a button for those who see it and those who hear it. */
export function label(button: HTMLButtonElement, text: string): void {
  button.setAttribute("aria-label", text);
  button.title = text;
}

/** Says what is wrong with a field, in the element that describes it; undefined for nothing. */
export function setFault(field: HTMLElement, text: string | undefined): void {
  const place = find(field.getAttribute("aria-describedby") ?? "", HTMLElement);
  place.textContent = text ?? "";
  place.hidden = text === undefined;
  if (text === undefined) field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
}

/** A fault is of what was written when it was found: it goes when that is changed. */
document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLElement && target.hasAttribute("aria-invalid")) setFault(target, undefined);
});
