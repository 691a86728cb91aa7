/** Legs by the stand-in for Twilio: its socket for browsers, and sound from page to page. */
import { Peers } from "../../shared/peers";
import type { Softphone } from "../../shared/wire";
import { chosenMicrophone } from "../microphone";
import type { Carrier, Leg, LegEvents } from "./phone";

type Message =
  | { type: "ready" }
  | { type: "ringing" | "accepted"; callSid: string }
  | { type: "peer"; callSid: string; peer: string; polite: boolean; speak: boolean }
  | { type: "unpeer"; callSid: string; peer: string }
  | { type: "signal"; callSid: string; from: string; data: Record<string, unknown> }
  | { type: "disconnected"; callSid: string; why: string }
  | { type: "error"; code: number; message: string; callSid?: string };

/** One socket for each leg: closing it hangs up, so no leg outlives its page. */
export function openCarrier(settings: Softphone): Promise<Carrier> {
  const legs = new Set<Leg>();
  return Promise.resolve({
    dial: async (handling, events) => {
      const sound = await openSound();
      const leg = dial(settings, handling, sound, {
        connected: events.connected,
        over: (trouble) => {
          legs.delete(leg);
          events.over(trouble);
        },
      });
      legs.add(leg);
      return leg;
    },
    release: () => {
      for (const leg of [...legs]) leg.hangUp();
    },
  });
}

function dial(settings: Softphone, handling: string, sound: MediaStream | null, events: LegEvents): Leg {
  const socket = new WebSocket(address(settings));
  const send = (message: object): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const peers = new Peers({ sound, send: (to, data) => send({ type: "signal", to, data }) });
  let over = false;
  const finish = (trouble?: string): void => {
    if (over) return;
    over = true;
    peers.stop();
    socket.close();
    events.over(trouble);
  };
  socket.onmessage = (event: MessageEvent<string>) => {
    const message = JSON.parse(event.data) as Message;
    switch (message.type) {
      case "ready":
        send({ type: "connect", params: { handling } });
        break;
      case "accepted":
        events.connected();
        break;
      case "peer":
        peers.meet(message.peer, message.polite, message.speak);
        break;
      case "unpeer":
        peers.leave(message.peer);
        break;
      case "signal":
        peers.hear(message.from, message.data);
        break;
      case "disconnected":
        finish(message.why === "completed" || message.why === "canceled" ? undefined : `The call ended: ${message.why}.`);
        break;
      case "error":
        // others complain about one message of a call that goes on
        if (message.callSid === undefined) finish(`${message.message} (${message.code})`);
        break;
    }
  };
  socket.onclose = () => finish("The telephone line was lost.");
  return {
    mute: (on) => {
      peers.mute(on);
      send({ type: "mute", muted: on });
    },
    press: (key) => send({ type: "digits", digits: key }),
    hangUp: () => {
      send({ type: "disconnect" });
      finish();
    },
  };
}

function address({ url, token }: Softphone): string {
  const socket = new URL(url ?? "/standin/client", location.href);
  socket.protocol = socket.protocol.replace("http", "ws");
  socket.searchParams.set("token", token);
  return socket.href;
}

/** The stand-in plays a telephone: without a microphone one still hears. */
async function openSound(): Promise<MediaStream | null> {
  const id = chosenMicrophone();
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: id === undefined ? true : { deviceId: { ideal: id } },
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotAllowedError") throw error;
    return null;
  }
}
