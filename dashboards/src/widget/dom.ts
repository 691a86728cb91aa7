/** Elements without a framework. Texts become text nodes, so markup in them is never markup. */
type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string | null | undefined;

/** Makes an element; attributes that are null, undefined or false are left out. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  set(element, attributes);
  fill(element, ...children);
  return element;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Replaces what is in an element. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

export interface ButtonOptions {
  testid: string;
  click: () => void;
  kind?: "main" | "plain" | "round" | "danger";
  label?: string;
  icon?: IconName;
}

export function button(text: string | null, options: ButtonOptions): HTMLButtonElement {
  const made = el(
    "button",
    {
      type: "button",
      class: `button ${options.kind ?? "plain"}`,
      "data-testid": options.testid,
      "aria-label": options.label,
      title: text === null ? options.label : null,
    },
    options.icon === undefined ? null : icon(options.icon),
    text,
  );
  made.addEventListener("click", options.click);
  return made;
}

// 24 × 24, drawn with round strokes
const ICONS = {
  chat: "M4 5.5h16v11H11l-5 4v-4H4z",
  down: "M6 9l6 6 6-6",
  send: "M5 12h13M12 5l7 7-7 7",
  end: "M6 6l12 12M18 6L6 18",
  video: "M3 7h12v10H3zM15 11l6-3.5v9L15 13z",
  videoOff: "M3 7h12v10H3zM15 11l6-3.5v9L15 13zM3 3l18 18",
  microphone: "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v3",
  microphoneOff: "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v3M4 4l16 16",
};

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  set(svg, { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" });
  set(path, { d: ICONS[name] });
  svg.append(path);
  return svg;
}
