/** The agent's microphone: which one, and how loud it hears. */
import { prefer, preferred, remember, remembered } from "./storage";

export function chosenMicrophone(): string | undefined {
  return preferred("microphone") ?? undefined;
}

export function chooseMicrophone(id: string): void {
  prefer("microphone", id);
}

/** Whether this tab has heard the agent speak already. */
export function microphoneChecked(): boolean {
  return remembered("microphone_checked") !== null;
}

export function rememberChecked(): void {
  remember("microphone_checked", "1");
}

export interface Listening {
  devices: MediaDeviceInfo[];
  /** The device that is heard. */
  current: string;
  /** 0 to 1, now. */
  level: () => number;
  stop: () => void;
}

/** Opens a microphone and measures it. Rejects with the browser's DOMException. */
export async function listen(id: string | undefined): Promise<Listening> {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (media === undefined) throw new DOMException("No secure connection", "SecurityError");
  const stream = await media.getUserMedia({ audio: id === undefined ? true : { deviceId: { ideal: id } } });
  const context = new AudioContext();
  void context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  // labels are only told once the permission is given
  const devices = (await media.enumerateDevices()).filter((d) => d.kind === "audioinput" && d.deviceId !== "");
  return {
    devices,
    current: stream.getAudioTracks()[0]?.getSettings().deviceId ?? "",
    level: () => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      // speech lies around -30 dB: spread -60..-10 dB over the meter
      const db = 10 * Math.log10(sum / samples.length + 1e-9);
      return Math.min(1, Math.max(0, (db + 60) / 50));
    },
    stop: () => {
      for (const track of stream.getTracks()) track.stop();
      void context.close();
    },
  };
}
