/**
 * The chat and video widget for host pages:
 *
 *     <script src="https://…/widget.js" data-widget="KEY" async></script>
 *
 * data-language="de": the language; without: the browser's.
 * data-token="…": the host site's signed word on who its visitor is.
 * data-attributes='{"product": "r2"}': what the page says for routing, of the names left to pages.
 *
 * `window.dispatchEvent(new Event("secondline:open"))` opens it from a button of the host page.
 *
 * Everything is in a shadow tree: neither side's styles reach the other.
 */
import { Api } from "../shared/http";
import css from "./style.css?inline";
import { Widget } from "./widget";

function attributesOf(text: string | undefined): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text || "{}");
    if (typeof read === "object" && read !== null && !Array.isArray(read)) return read as Record<string, unknown>;
  } catch {
    // said below
  }
  console.error("Secondline: data-attributes is no JSON object.");
  return {};
}

function start(script: HTMLScriptElement): void {
  const key = script.dataset["widget"];
  if (key === undefined || key === "") {
    console.error("Secondline: the script tag needs data-widget with the widget's key.");
    return;
  }
  const { origin } = new URL(script.src);
  const widget = new Widget({
    key,
    api: new Api({ base: origin === location.origin ? "" : origin }),
    socketBase: origin.replace(/^http/, "ws"),
    language: script.dataset["language"] ?? null,
    token: script.dataset["token"] || null,
    attributes: attributesOf(script.dataset["attributes"]),
  });
  const host = document.createElement("div");
  host.id = "secondline";
  const root = host.attachShadow({ mode: "open" });
  // a constructed sheet is allowed also where the host page forbids inline styles
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  root.append(widget.element);
  document.body.append(host);
  widget.start();
  addEventListener("secondline:open", () => widget.open());
}

const own =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector<HTMLScriptElement>('script[data-widget][src*="widget.js"]');

if (own === null) console.error("Secondline: the widget did not find its script tag.");
else if (document.getElementById("secondline") !== null) console.warn("Secondline: there is a widget already.");
else if (document.body === null) addEventListener("DOMContentLoaded", () => start(own));
else start(own);
