/** The demo company's support page: the widget embedded as any site does it, and who to be. */

interface Demo {
  company: string;
  phone: { number: string; label: string }[];
  /** People of the host site that one can continue as, with the site's token for each. */
  visitors: { name: string; about: string; token: string }[];
}

const LANGUAGES = { en: "English", de: "Deutsch", pt: "Português", ru: "Русский" };

const query = new URLSearchParams(location.search);

function all(selector: string): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(selector)];
}

/** This page with other words behind the question mark. */
function here(change: Record<string, string | null>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === "" ? "/" : `/?${text}`;
}

function link(href: string, text: string, detail?: string): HTMLAnchorElement {
  const made = document.createElement("a");
  made.href = href;
  made.append(text);
  if (detail !== undefined) {
    const small = document.createElement("span");
    small.append(detail);
    made.append(small);
  }
  return made;
}

/** The name in a token, for show: whether it is genuine, the service finds out. */
function nameIn(token: string): string | null {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const { name } = JSON.parse(new TextDecoder().decode(bytes)) as { name?: unknown };
    return typeof name === "string" ? name : null;
  } catch {
    return null;
  }
}

function showLanguages(): void {
  const wanted = query.get("language");
  for (const nav of all(".languages")) {
    for (const [tag, name] of Object.entries(LANGUAGES)) {
      const made = link(here({ language: tag }), name);
      made.lang = tag;
      if (tag === wanted) made.setAttribute("aria-current", "true");
      nav.append(made);
    }
  }
}

function embed(): void {
  const script = document.createElement("script");
  script.src = "/widget.js";
  script.async = true;
  script.dataset["widget"] = query.get("widget") ?? "demo";
  const language = query.get("language");
  const token = query.get("token");
  if (language !== null) script.dataset["language"] = language;
  if (token !== null) script.dataset["token"] = token;
  document.body.append(script);
  for (const button of all('[data-testid="open-chat"]')) {
    button.addEventListener("click", () => dispatchEvent(new Event("secondline:open")));
  }
}

function showVisitor(): void {
  const token = query.get("token");
  if (token === null) return;
  say(nameIn(token) ?? "a visitor of the company's site", link(here({ token: null }), "Sign out"));
}

function say(signedIn: string, signOut: Node): void {
  for (const line of all('[data-testid="signed-in"]')) {
    line.hidden = false;
    line.replaceChildren(`You are signed in as ${signedIn}. `, signOut);
  }
}

/** The expert whose number and PIN opened a session here, if any; else the form to sign in. */
async function showGuest(): Promise<void> {
  const widget = query.get("widget") ?? "demo";
  const form = document.querySelector<HTMLFormElement>("form.guest");
  const fault = form?.querySelector<HTMLElement>(".fault");
  if (!form || !fault) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(form));
    const signIn = async (): Promise<void> => {
      const response = await fetch("/api/guest", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ widget, ...typed }),
      });
      if (response.ok) {
        // the widget looks at its visitor when it starts
        location.reload();
        return;
      }
      const { error } = (await response.json()) as { error: { message: string } };
      throw new Error(error.message);
    };
    signIn().catch((error: unknown) => {
      fault.textContent = error instanceof Error ? error.message : "That did not work. Please try again.";
      fault.hidden = false;
    });
  });
  const response = await fetch(`/api/guest?widget=${encodeURIComponent(widget)}`);
  if (!response.ok) return;
  const { name } = (await response.json()) as { name: string | null };
  form.hidden = true;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.append("Sign out");
  button.addEventListener("click", () => {
    fetch("/api/guest", { method: "DELETE" }).then(
      () => {
        location.reload();
      },
      () => undefined, // still signed in: the button stays
    );
  });
  say(name ?? "an expert", button);
}

async function showDemo(): Promise<void> {
  const response = await fetch("/api/demo", { headers: { accept: "application/json" } });
  if (!response.ok) return; // not a demo: the page stands without
  const demo = (await response.json()) as Demo;
  document.title = `${demo.company} · Support`;
  for (const place of all("[data-company]")) place.textContent = demo.company;
  for (const list of all("[data-numbers]")) {
    for (const { number, label } of demo.phone) {
      const item = document.createElement("li");
      item.append(link(`/booth?to=${encodeURIComponent(number)}`, number, label));
      list.append(item);
    }
  }
  for (const list of all("[data-people]")) {
    for (const { name, about, token } of demo.visitors) {
      const item = document.createElement("li");
      item.append(link(here({ token }), name, about));
      list.append(item);
    }
  }
  for (const part of all("[data-phone]")) part.hidden = demo.phone.length === 0;
  for (const part of all("[data-visitors]")) part.hidden = demo.visitors.length === 0;
}

showLanguages();
showVisitor();
embed();
if (query.get("token") === null) showGuest().catch(() => undefined); // the page is of use without
showDemo().catch(() => undefined); // the page is of use without
