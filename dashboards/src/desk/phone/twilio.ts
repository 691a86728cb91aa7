/** Legs by Twilio's Voice SDK for browsers. */
import { Call, Device } from "@twilio/voice-sdk";
import { api } from "../../shared/http";
import type { Softphone } from "../../shared/wire";
import { chosenMicrophone } from "../microphone";
import type { Carrier } from "./phone";

export function openCarrier({ token }: Softphone): Promise<Carrier> {
  const device = new Device(token, {
    codecPreferences: [Call.Codec.Opus, Call.Codec.PCMU],
    // closing the tab in a call asks first
    closeProtection: true,
    logLevel: "error",
  });
  // Tokens live shorter than shifts
  device.on("tokenWillExpire", () => {
    void api.get<Softphone>("/api/softphone").then(({ token: fresh }) => device.updateToken(fresh));
  });
  const carrier: Carrier = {
    dial: async (handling, events) => {
      const microphone = chosenMicrophone();
      // a chosen microphone may be unplugged: then the default one
      if (microphone !== undefined) await device.audio?.setInputDevice(microphone).catch(() => undefined);
      const call = await device.connect({ params: { handling } });
      call.on("accept", events.connected);
      call.on("disconnect", () => events.over());
      call.on("cancel", () => events.over());
      call.on("reject", () => events.over("The call was refused."));
      call.on("error", (error: { message: string; code: number }) =>
        events.over(`${error.message} (${error.code})`),
      );
      return {
        mute: (on) => call.mute(on),
        press: (key) => call.sendDigits(key),
        hangUp: () => call.disconnect(),
      };
    },
    release: () => device.destroy(),
  };
  return Promise.resolve(carrier);
}
