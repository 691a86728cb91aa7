import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { Peers } from "../shared/peers";
import { pause } from "../shared/socket";
import { type Booth, type BoothEvent, type BoothMessage, IDLE, after } from "./booth";
import { hush, play, speak } from "./sounds";

export interface Telephone {
  booth: Booth;
  /** how many browsers are heard now */
  talking: number;
  muted: boolean;
  dial: (from: string, to: string, stir?: string) => Promise<void>;
  answer: () => Promise<void>;
  refuse: () => void;
  hangUp: () => void;
  press: (key: string) => void;
  say: (text: string) => void;
  mute: (on: boolean) => void;
  clear: () => void;
}

/** The set's line to the stand-in. held: numbers that ring here. aloud: what is said is heard. */
export function useBooth(held: readonly string[], aloud: boolean): Telephone {
  const [booth, dispatch] = useReducer(
    (state: Booth, { event, now }: { event: BoothEvent; now: number }) => after(state, event, now),
    IDLE,
  );
  const [talking, setTalking] = useState(0);
  const [muted, setMuted] = useState(false);
  const socket = useRef<WebSocket | null>(null);
  const peers = useRef<Peers | null>(null);
  const heard = useRef({ held, aloud });
  heard.current = { held, aloud };

  const happen = useCallback((event: BoothEvent) => dispatch({ event, now: Date.now() }), []);
  const send = useCallback((message: object) => {
    if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(JSON.stringify(message));
  }, []);

  const letGo = useCallback(() => {
    peers.current?.stop();
    peers.current = null;
    setTalking(0);
    setMuted(false);
    hush();
  }, []);

  /** The microphone is opened before the call, so that the first word is not lost. */
  const pickUp = useCallback(async () => {
    const sound = await microphone();
    peers.current?.stop();
    peers.current = new Peers({
      sound,
      send: (to, data) => send({ type: "signal", to, data }),
      changed: setTalking,
    });
  }, [send]);

  useEffect(() => {
    let over = false;
    let attempt = 0;
    let retry: number | undefined;
    function connect() {
      const line = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/standin/booth`);
      socket.current = line;
      line.onmessage = (event: MessageEvent<string>) => {
        const message = JSON.parse(event.data) as BoothMessage;
        switch (message.type) {
          case "ready":
            attempt = 0;
            send({ type: "hold", numbers: heard.current.held });
            break;
          case "peer":
            peers.current?.meet(message.peer, message.polite, message.speak);
            break;
          case "unpeer":
            peers.current?.leave(message.peer);
            break;
          case "signal":
            peers.current?.hear(message.from, message.data);
            break;
          case "said":
            if (heard.current.aloud) speak(message.text, message.language);
            break;
          case "played":
            if (heard.current.aloud) play(message.url, message.seconds);
            break;
          case "pressed":
            // a key cuts short what is being said, as on the line
            if (message.heard) hush();
            break;
          case "ended":
          case "cancelled":
            letGo();
            break;
          default:
            break;
        }
        happen(message);
      };
      line.onclose = () => {
        if (over) return;
        letGo();
        happen({ type: "lost" });
        retry = window.setTimeout(connect, pause(attempt++, Math.random()));
      };
    }
    connect();
    return () => {
      over = true;
      window.clearTimeout(retry);
      socket.current?.close();
      letGo();
    };
  }, [happen, letGo, send]);

  const numbers = held.join(" ");
  useEffect(() => {
    send({ type: "hold", numbers: numbers === "" ? [] : numbers.split(" ") });
  }, [numbers, send]);

  useEffect(() => {
    if (!aloud) hush();
  }, [aloud]);

  return {
    booth,
    talking,
    muted,
    dial: async (from, to, stir) => {
      happen({ type: "dialled", from, to });
      await pickUp();
      send({ type: "dial", from, to, ...(stir === undefined ? {} : { stir }) });
    },
    answer: async () => {
      await pickUp();
      send({ type: "answer" });
      happen({ type: "answered" });
    },
    refuse: () => {
      send({ type: "refuse" });
      happen({ type: "refused" });
    },
    hangUp: () => send({ type: "hangup" }),
    press: (key) => send({ type: "press", keys: key }),
    say: (text) => send({ type: "speak", text }),
    mute: (on) => {
      peers.current?.mute(on);
      setMuted(on);
    },
    clear: () => happen({ type: "cleared" }),
  };
}

/** Without a microphone, or when it is refused, one still hears. */
async function microphone(): Promise<MediaStream | null> {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return null;
  }
}
