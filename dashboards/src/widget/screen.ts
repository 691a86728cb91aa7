/** The picture on the person's side: the agent large, themselves small. */
import type { CallView } from "../shared/call";
import { button, el, fill, icon, set } from "./dom";
import type { Speech } from "./texts";

export interface ScreenView {
  element: HTMLElement;
  show: (call: CallView | null, agent: string) => void;
}

export interface ScreenOptions {
  speech: Speech;
  setMicrophone: (on: boolean) => void;
  setCamera: (on: boolean) => void;
  stop: () => void;
  again: () => void;
}

export function makeScreen({ speech, setMicrophone, setCamera, stop, again }: ScreenOptions): ScreenView {
  const { say } = speech;
  let call: CallView | null = null;
  const theirs = el("video", { autoplay: true, playsinline: true, "data-testid": "widget-video-remote" });
  const ours = el("video", {
    class: "ours",
    autoplay: true,
    playsinline: true,
    "aria-label": say("yours"),
    "data-testid": "widget-video-local",
  });
  ours.muted = true; // the attribute does not mute an element made by script
  const waiting = el("p", { class: "waiting", role: "status" });
  const microphone = button(null, {
    testid: "widget-video-mute",
    kind: "round",
    label: say("microphone"),
    icon: "microphone",
    click: () => setMicrophone(call?.microphone !== true),
  });
  const camera = button(null, {
    testid: "widget-video-camera",
    kind: "round",
    label: say("camera"),
    icon: "video",
    click: () => setCamera(call?.camera !== true),
  });
  const picture = el(
    "div",
    { class: "picture" },
    theirs,
    ours,
    waiting,
    el(
      "div",
      { class: "tools" },
      microphone,
      camera,
      button(say("videoStop"), { testid: "widget-video-stop", kind: "danger", click: stop }),
    ),
  );
  const trouble = el("div", { class: "strip warn", role: "alert" });
  const element = el("div", { class: "screen", "data-testid": "widget-video" });

  const show = (next: CallView | null, agent: string): void => {
    call = next;
    element.hidden = next === null;
    if (next === null) {
      play(theirs, null);
      play(ours, null);
      return;
    }
    set(element, { "data-phase": next.phase });
    if (next.phase === "failed") {
      const texts = { denied: say("videoDenied"), busy: say("videoBusy"), insecure: say("videoInsecure") };
      fill(trouble, el("p", {}, texts[next.trouble ?? "busy"]), button(say("again"), { testid: "widget-video-again", click: again }));
      if (trouble.parentNode !== element) fill(element, trouble);
      return;
    }
    if (picture.parentNode !== element) fill(element, picture);
    set(theirs, { "aria-label": say("theirs", { name: agent }) });
    play(theirs, next.remote);
    play(ours, next.local);
    ours.hidden = next.camera !== true;
    waiting.hidden = next.phase === "connected";
    fill(waiting, say("videoWaiting"));
    toggle(microphone, next.microphone, "microphone", "microphoneOff");
    toggle(camera, next.camera, "video", "videoOff");
  };
  return { element, show };
}

function toggle(
  made: HTMLButtonElement,
  on: boolean | null,
  lit: "microphone" | "video",
  unlit: "microphoneOff" | "videoOff",
): void {
  made.disabled = on === null;
  set(made, { "aria-pressed": String(on === true) });
  fill(made, icon(on === true ? lit : unlit));
}

function play(screen: HTMLVideoElement, stream: MediaStream | null): void {
  if (screen.srcObject !== stream) screen.srcObject = stream;
  // refused until the page was touched: joining is a click
  if (stream !== null && screen.paused) void screen.play().catch(() => undefined);
}
